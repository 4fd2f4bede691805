#!/usr/bin/env python3
"""Refreshes src/sagemaker/facts.json from the newest botocore that pip finds.

The facts are what a machine can check of the operations that the operator uses: shapes, members, required members,
lengths, ranges, patterns and enums, named and numbered as in the AWS service model. The model's prose stays behind.

Usage: python3 tools/refresh_facts.py [BOTOCORE_VERSION]

Then run `deno task generate`, which says if a new member still lacks a description.
"""

import gzip
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

SERVICE, API_VERSION = "sagemaker", "2017-07-24"
OPERATIONS = [
    "CreateProcessingJob",
    "DescribeProcessingJob",
    "ListProcessingJobs",
    "StopProcessingJob",
    "DeleteProcessingJob",
    "AddTags",
    "ListTags",
]
FACTS = Path(__file__).resolve().parent.parent / "src" / "sagemaker" / "facts.json"
MODEL = f"botocore/data/{SERVICE}/{API_VERSION}/service-2.json"


def download(version: str | None) -> tuple[str, dict]:
    """Returns botocore's version and its model of the service; the newest version unless one is named."""
    requirement = f"botocore=={version}" if version else "botocore"
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--no-deps", "--only-binary=:all:", "--dest", folder, requirement], check=True)
        (wheel,) = Path(folder).glob("botocore-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            compressed = f"{MODEL}.gz" in archive.namelist()
            data = archive.read(f"{MODEL}.gz" if compressed else MODEL)
        return wheel.name.split("-")[1], json.loads(gzip.decompress(data) if compressed else data)


def operation_facts(operation: dict) -> dict:
    facts = {key: operation[key]["shape"] for key in ("input", "output") if key in operation}
    if "errors" in operation:
        facts["errors"] = [error["shape"] for error in operation["errors"]]
    return facts


def shape_facts(shape: dict) -> dict:
    facts = {"type": shape["type"]}
    for key in ("required", "enum", "min", "max", "pattern"):
        if key in shape:
            facts[key] = shape[key]
    for key in ("member", "key", "value"):
        if key in shape:
            facts[key] = shape[key]["shape"]
    if "members" in shape:
        facts["members"] = {name: member["shape"] for name, member in shape["members"].items()}
    return facts


def reachable(shapes: dict, roots: list[str]) -> dict:
    """The facts of every shape that the roots lead to, sorted by name so that a refresh gives a small diff."""
    found, pending = {}, list(roots)
    while pending:
        name = pending.pop()
        if name in found:
            continue
        facts = found[name] = shape_facts(shapes[name])
        pending += [facts[key] for key in ("member", "key", "value") if key in facts]
        pending += facts.get("members", {}).values()
    return dict(sorted(found.items()))


def main() -> None:
    version, model = download(sys.argv[1] if len(sys.argv) > 1 else None)
    operations = {name: operation_facts(model["operations"][name]) for name in OPERATIONS}
    roots = [facts[key] for facts in operations.values() for key in ("input", "output") if key in facts]
    facts = {
        "source": {
            "package": "botocore",
            "version": version,
            "service": SERVICE,
            "apiVersion": API_VERSION,
            "licence": "Apache-2.0",
        },
        "operations": operations,
        "shapes": reachable(model["shapes"], roots),
    }
    FACTS.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    print(f"Wrote {FACTS.name}: {len(facts['shapes'])} shapes of botocore {version}")


if __name__ == "__main__":
    main()
