import assert from "node:assert/strict";
import { join } from "node:path";
import { systemClock } from "../../src/runtime/clock.ts";
import { type Binary, cacheRoot, findBinaries, type Paths, standardWays, type Way } from "./binaries.ts";
import { kubernetesVersion } from "./versions.ts";

/** A way that has `paths`, or nothing for the reason given; it notes what it was asked for. */
function fakeWay(name: string, has: Paths | string, { fillsCache = false } = {}): Way & { asked: Binary[][] } {
  const asked: Binary[][] = [];
  return {
    name,
    fillsCache,
    asked,
    find(wanted) {
      asked.push([...wanted]);
      return typeof has === "string" ? Promise.reject(new Error(has)) : Promise.resolve(has);
    },
  };
}

function envOf(values: Record<string, string>) {
  return { get: (name: string) => values[name] };
}

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("cacheRoot() follows XDG_CACHE_HOME, else the home folder", () => {
  assert.equal(cacheRoot(envOf({ XDG_CACHE_HOME: "/c", HOME: "/h" })), "/c/sagemaker-operator/control-plane");
  assert.equal(cacheRoot(envOf({ XDG_CACHE_HOME: "", HOME: "/h" })), "/h/.cache/sagemaker-operator/control-plane");
});

Deno.test("findBinaries() takes the documented ways in their order", () => {
  assert.deepEqual(standardWays.map((way) => way.name), [
    "KUBEBUILDER_ASSETS",
    "cache",
    "PATH",
    "envtest archive",
    "build from Go modules",
  ]);
});

Deno.test("findBinaries() asks each way only for what the ways before it lack", async () => {
  const first = fakeWay("first", { etcd: "/1/etcd" });
  const second = fakeWay("second", "nothing there");
  const third = fakeWay("third", { "kube-apiserver": "/3/kube-apiserver" });
  const fourth = fakeWay("fourth", {});
  const found = await findBinaries(["etcd", "kube-apiserver"], { ways: [first, second, third, fourth] });
  assert.deepEqual(found, { etcd: "/1/etcd", "kube-apiserver": "/3/kube-apiserver" });
  assert.deepEqual(second.asked, [["kube-apiserver"]]);
  assert.deepEqual(fourth.asked, []);
});

Deno.test("findBinaries() asks a way only for what it offers, and passes it over where that is nothing", async () => {
  const some = { ...fakeWay("some", {}), offers: ["etcd", "kubectl"] as const };
  const all = fakeWay("all", { etcd: "/etcd", "kube-apiserver": "/kube-apiserver" });
  await findBinaries(["etcd", "kube-apiserver"], { ways: [some, all] });
  assert.deepEqual(some.asked, [["etcd"]]);
  await findBinaries(["kube-apiserver"], { ways: [some, all] });
  assert.deepEqual(some.asked, [["etcd"]]);
});

Deno.test("findBinaries() lists every way and its reason when one is missing", async () => {
  const ways = [fakeWay("first", "the variable is not set"), fakeWay("second", { etcd: "/etcd" })];
  await assert.rejects(findBinaries(["etcd", "kubectl"], { ways }), {
    message: "Cannot get 'kubectl' for the local control plane; these ways were tried:\n" +
      "  first: the variable is not set\n  second: it has no 'kubectl'",
  });
});

Deno.test("findBinaries() throws the signal's reason instead of trying the next way", async () => {
  const stopping = new AbortController();
  const aborting: Way = {
    name: "aborting",
    fillsCache: false,
    find() {
      stopping.abort(new Error("enough"));
      return Promise.reject(new Error("a consequence"));
    },
  };
  const next = fakeWay("next", { etcd: "/etcd" });
  const finding = findBinaries(["etcd"], { ways: [aborting, next], signal: stopping.signal });
  await assert.rejects(finding, { message: "enough" });
  assert.deepEqual(next.asked, []);
});

Deno.test("findBinaries() prefers the folder of KUBEBUILDER_ASSETS to the cache", () =>
  inFolder(async (folder) => {
    const env = envOf({ KUBEBUILDER_ASSETS: join(folder, "assets"), XDG_CACHE_HOME: folder });
    const cacheFolder = join(folder, "sagemaker-operator", "control-plane", kubernetesVersion);
    for (const [dir, names] of [[join(folder, "assets"), ["etcd"]], [cacheFolder, ["etcd", "kubectl"]]] as const) {
      await Deno.mkdir(dir, { recursive: true });
      for (const name of names) await Deno.writeTextFile(join(dir, name), "");
    }
    assert.deepEqual(await findBinaries(["etcd", "kubectl"], { env }), {
      etcd: join(folder, "assets", "etcd"),
      kubectl: join(cacheFolder, "kubectl"),
    });
  }));

Deno.test("findBinaries() lets one process fill the cache and the others use it", () =>
  inFolder(async (folder) => {
    const path = join(folder, "etcd");
    let builds = 0;
    const builder: Way = {
      name: "builder",
      fillsCache: true,
      async find() {
        builds++;
        await new Promise<void>((resolve) => systemClock.setTimer(20, resolve));
        await Deno.writeTextFile(path, "");
        return { etcd: path };
      },
    };
    const clock = {
      ...systemClock,
      setTimer: (_ms: number, callback: () => void) => systemClock.setTimer(1, callback),
    };
    const find = () => findBinaries(["etcd"], { ways: [builder], cacheFolder: folder, clock });
    assert.deepEqual(await Promise.all([find(), find()]), [{ etcd: path }, { etcd: path }]);
    assert.equal(builds, 1);
  }));
