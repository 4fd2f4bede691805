import assert from "node:assert/strict";
import { parse } from "yaml";
import { renderKrew } from "./krew.ts";

const read = (path: string) => Deno.readTextFile(new URL(`../../${path}`, import.meta.url));
const TEMPLATE = await read(".krew.yaml");
const PLATFORMS = ["linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64", "windows_amd64"];
const SUMS = PLATFORMS.map((it, i) => `${String(i).repeat(64)}  sagemaker-operator_v1.2.3_${it}.tar.gz\n`).join("");

interface Platform {
  selector: { matchLabels: { os: string; arch: string } };
  uri: string;
  sha256: string;
  bin: string;
}

Deno.test("the krew manifest names each platform's archive with its checksum", () => {
  const { metadata, spec } = parse(renderKrew(TEMPLATE, "v1.2.3", SUMS));
  assert.equal(metadata.name, "smlogs");
  assert.equal(spec.version, "v1.2.3");
  const seen = spec.platforms.map((it: Platform) => {
    const { os, arch } = it.selector.matchLabels;
    assert.equal(it.bin, os === "windows" ? "sagemaker-operator.exe" : "sagemaker-operator");
    assert.equal(it.uri, `${spec.homepage}/releases/download/v1.2.3/sagemaker-operator_v1.2.3_${os}_${arch}.tar.gz`);
    return [`${os}_${arch}`, it.sha256];
  });
  assert.deepEqual(seen, PLATFORMS.map((it, i) => [it, String(i).repeat(64)]));
});

Deno.test("an archive without a checksum is refused", () => {
  const sums = SUMS.replace(/^.*arm64.*\n/m, "");
  assert.throws(() => renderKrew(TEMPLATE, "v1.2.3", sums), { message: /'sagemaker-operator_v1\.2\.3_linux_arm64/ });
});

Deno.test("the release script makes the archives that the krew manifest names, and no others", async () => {
  const script = await read(".ci/release");
  assert.deepEqual([...script.matchAll(/^ {2}\[(\w+)\]=/gm)].map(([, name]) => name), PLATFORMS);
});

Deno.test("the krew manifest and the image belong to the same owner", async () => {
  const image = /ghcr\.io\/([^/]+)\//.exec(await read("manifests/cluster/install.yaml"))?.[1];
  assert.equal(parse(renderKrew(TEMPLATE, "v1.2.3", SUMS)).spec.homepage.split("/")[3], image);
});
