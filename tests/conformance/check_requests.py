#!/usr/bin/env python3
"""Checks requests by botocore's own parameter validation.

Reads a JSON list of CreateProcessingJob requests from stdin; prints a JSON list that holds, for each, botocore's report of
what is wrong with it, empty if nothing is.
"""

import json
import sys

import botocore.session
from botocore.validate import ParamValidator

model = botocore.session.Session().get_service_model("sagemaker")
shape = model.operation_model("CreateProcessingJob").input_shape
validator = ParamValidator()
json.dump([validator.validate(request, shape).generate_report() for request in json.load(sys.stdin)], sys.stdout)
