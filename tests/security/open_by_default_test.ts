/**
 * Who installs the operator for all namespaces is told that users may have all roles, until a flag says which. Fails at 939be82.
 */
import assert from "node:assert/strict";
import { testCluster } from "../support/control_plane.ts";
import { runProgram, startOperator } from "../support/operator.ts";
import { installCrd } from "../support/resources.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

const WARNING = "All users who may create ProcessingJobs can run them with every role that the operator may pass";
const ROLES = ["--allowed-role-arns", "arn:aws:iam::123456789012:role/jobs-*"];

Deno.test("run for all namespaces warns once without --allowed-role-arns, and with it or --namespace not at all", async () => {
  for (const [flags, expected] of [[[], 1], [ROLES, 0], [["--namespace", "default"], 0]] as const) {
    await using operator = startOperator({ kubeconfig: cluster.kubeconfig, flags: [...flags] });
    await operator.untilLogged("Ready");
    assert.equal(
      operator.logs().filter(({ message, level }) => message === WARNING && level === "warn").length,
      expected,
    );
  }
});

Deno.test("doctor shows it as a warning until it is given the flag", async () => {
  for (const [flags, line] of [[[], /^! allowed-roles: /m], [ROLES, /^✓ allowed-roles: /m]] as const) {
    const { stdout } = await runProgram(["doctor", "--kubeconfig", cluster.kubeconfig, ...flags]);
    assert.match(stdout, line);
  }
});
