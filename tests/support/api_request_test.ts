import assert from "node:assert/strict";
import { parseApiRequest } from "./api_request.ts";

const JOBS = "/apis/sagemaker.aws.amazon.com/v1";
const PARSED: [request: string, verb: string, target: string][] = [
  [`GET ${JOBS}/processingjobs?limit=500`, "list", "sagemaker.aws.amazon.com||processingjobs||"],
  [`GET ${JOBS}/processingjobs?watch=true`, "watch", "sagemaker.aws.amazon.com||processingjobs||"],
  [`GET ${JOBS}/namespaces/a/processingjobs?watch=1`, "watch", "sagemaker.aws.amazon.com|a|processingjobs||"],
  [`GET ${JOBS}/namespaces/a/processingjobs/b`, "get", "sagemaker.aws.amazon.com|a|processingjobs|b|"],
  [`POST ${JOBS}/namespaces/a/processingjobs`, "create", "sagemaker.aws.amazon.com|a|processingjobs||"],
  [`PUT ${JOBS}/namespaces/a/processingjobs/b`, "update", "sagemaker.aws.amazon.com|a|processingjobs|b|"],
  [`PATCH ${JOBS}/namespaces/a/processingjobs/b/status`, "patch", "sagemaker.aws.amazon.com|a|processingjobs|b|status"],
  [`DELETE ${JOBS}/namespaces/a/processingjobs/b`, "delete", "sagemaker.aws.amazon.com|a|processingjobs|b|"],
  [`DELETE ${JOBS}/namespaces/a/processingjobs`, "deletecollection", "sagemaker.aws.amazon.com|a|processingjobs||"],
  ["GET /api/v1/namespaces", "list", "||namespaces||"],
  ["GET /api/v1/namespaces/a", "get", "||namespaces|a|"],
  ["PUT /api/v1/namespaces/a/finalize", "update", "||namespaces|a|finalize"],
  ["GET /api/v1/namespaces/a/pods", "list", "|a|pods||"],
  ["POST /api/v1/namespaces/a/serviceaccounts/b/token", "create", "|a|serviceaccounts|b|token"],
  [
    "PUT /apis/coordination.k8s.io/v1/namespaces/a/leases/b",
    "update",
    "coordination.k8s.io|a|leases|b|",
  ],
  ["GET /version", "other", "||||"],
  ["GET /api", "other", "||||"],
  ["GET /apis/coordination.k8s.io/v1", "other", "coordination.k8s.io||||"],
];

for (const [text, verb, target] of PARSED) {
  Deno.test(`parseApiRequest() takes '${text}' for a ${verb}`, () => {
    const [method, url] = text.split(" ") as [string, string];
    const request = parseApiRequest({ sequence: 1, method, url, headers: {}, body: "" });
    const { group, namespace, resource, name, subresource } = request;
    assert.deepEqual([request.verb, [group, namespace, resource, name, subresource].join("|")], [verb, target]);
  });
}
