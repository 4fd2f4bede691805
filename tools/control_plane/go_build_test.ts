import assert from "node:assert/strict";
import { kubernetesGoMod } from "./go_build.ts";
import { kubernetesVersion } from "./versions.ts";

Deno.test("kubernetesGoMod() replaces every staging module by its published version", () => {
  const upstream = `module k8s.io/kubernetes

go 1.30.1

godebug default=go1.30

require (
	github.com/google/cel-go v0.26.0
	k8s.io/api v0.0.0
)

replace k8s.io/alone => ./staging/src/k8s.io/alone

replace (
	github.com/forked/module => github.com/fork/module v1.0.0
	k8s.io/api => ./staging/src/k8s.io/api
	k8s.io/client-go => ./staging/src/k8s.io/client-go
)
`;
  const published = `v0.${kubernetesVersion.slice(2)}`;
  assert.equal(
    kubernetesGoMod(upstream),
    `module control-plane

go 1.30.1

godebug default=go1.30

require k8s.io/kubernetes v${kubernetesVersion}

replace (
	k8s.io/alone => k8s.io/alone ${published}
	k8s.io/api => k8s.io/api ${published}
	k8s.io/client-go => k8s.io/client-go ${published}
)
`,
  );
});

Deno.test("kubernetesGoMod() refuses a go.mod without staging modules", () => {
  assert.throws(() => kubernetesGoMod("module k8s.io/kubernetes\n"), /names no staging modules/);
});
