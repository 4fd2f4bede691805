import { deepEqual } from "node:assert/strict";
import { violations } from "./check_imports.ts";

function check(files: Record<string, string>): string[] {
  return violations(new Map(Object.entries(files)));
}

Deno.test("violations() lets pass what the rules allow", () => {
  deepEqual(
    check({
      "src/api/group.ts": `export * from "./version.ts";`,
      "src/api/crd.ts": `import text from "../../crds/x.yaml" with { type: "text" };`,
      "src/api/group_test.ts": `import fc from "fast-check"; import { equal } from "node:assert/strict";`,
      "src/kubernetes/watch.ts": `import type { Clock } from "../runtime/clock.ts"; import "./store.ts";`,
      "src/kubernetes/watch_test.ts": `import { FakeClock } from "../runtime/fake_clock.ts"; Date.now();`,
      "src/sagemaker/client.ts": `import { GROUP } from "../api/group.ts"; import x from "@aws-sdk/client-sagemaker";`,
      "src/processing_job/decide.ts": `import { GROUP } from "../api/group.ts"; import { plan } from "./plan.ts";`,
      "src/processing_job/plan.ts": `import { GROUP } from "../api/group.ts";`,
      "src/processing_job/reconcile.ts": `import "../kubernetes/watch.ts"; import "../sagemaker/client.ts";`,
      "src/runtime/clock.ts": `setTimeout(f, 1); Date.now(); performance.now();`,
      "src/runtime/queue.ts": `// setTimeout(f) and import "../kubernetes/watch.ts"\n/* Date.now() */ new Date(0);`,
    }),
    [],
  );
});

Deno.test("violations() finds layers that import each other, in every form of import", () => {
  const target = "../sagemaker/client.ts";
  const forms = [
    `import { x } from "${target}";`,
    `import type { X } from '${target}';`,
    `import {\n  x,\n} from "${target}";`,
    `import "${target}";`,
    `export { x } from "${target}";`,
    `const x = await import("${target}");`,
    `const url = "http://host"; import { x } from "${target}";`,
  ];
  for (const form of forms) {
    deepEqual(check({ "src/kubernetes/watch.ts": form }), [
      "src/kubernetes/watch.ts: imports 'src/sagemaker/client.ts', but src/kubernetes and src/sagemaker know nothing of each other",
    ], form);
  }
});

Deno.test("violations() finds what src/api imports from outside, tests' own tools apart", () => {
  deepEqual(
    check({
      "src/api/job.ts": `import "node:fs"; import "../runtime/clock.ts";`,
      "src/api/job_test.ts": `import "../runtime/clock.ts";`,
    }),
    [
      "src/api/job.ts: imports 'node:fs', but src/api imports nothing outside itself",
      "src/api/job.ts: imports 'src/runtime/clock.ts', but src/api imports nothing outside itself",
      "src/api/job_test.ts: imports 'src/runtime/clock.ts', but src/api imports nothing outside itself",
    ],
  );
});

Deno.test("violations() finds what decide reaches through its own folder", () => {
  deepEqual(
    check({
      "src/processing_job/decide.ts": `import "./plan.ts"; import "@logtape/logtape";`,
      "src/processing_job/plan.ts": `import "./decide.ts"; import "../runtime/clock.ts";`,
    }),
    [
      "src/processing_job/decide.ts: imports '@logtape/logtape', but src/processing_job/decide.ts may only reach src/api",
      "src/processing_job/plan.ts: imports 'src/runtime/clock.ts', but src/processing_job/decide.ts may only reach src/api",
    ],
  );
});

Deno.test("violations() finds time that doesn't come from the clock", () => {
  for (
    const call of ["setTimeout", "setInterval", "Date.now", "performance.now", "AbortSignal.timeout", "new Date()"]
  ) {
    const line = call.endsWith(")") ? `${call};` : `${call}(f);`;
    deepEqual(check({ "src/sagemaker/informer.ts": line }), [
      `src/sagemaker/informer.ts: uses '${call}', but time comes from the Clock of src/runtime/clock.ts`,
    ]);
  }
});
