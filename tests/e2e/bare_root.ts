import { dirname, join } from "node:path";
import { systemClock } from "../../src/runtime/clock.ts";
import { runCommand } from "../../tools/control_plane/run_command.ts";

/** The image's user, `nonroot`. */
const UID = 65532;
const PASSWD = `root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:${UID}:${UID}:nonroot:/home/nonroot:/sbin/nologin\n`;
const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";
/** The mount is seen by this process and its children alone, and goes with them. */
const UNSHARE = ["--mount", "--propagation=private", "sh", "-c"];
const MOUNT_PROC = 'mount -t proc proc "$0/proc"';

/**
 * A root folder with no more than the container image has: the binary, the libraries that it is linked with, certificates of
 * authorities, the user, an empty home and temporary folder, and `/proc`. No shell, no other program, no devices. The network
 * is the machine's.
 */
export class BareRoot implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Why this machine can't have one; undefined if it can. */
  static async obstacle(): Promise<string | undefined> {
    if (Deno.build.os !== "linux") return "needs Linux";
    if (Deno.uid() !== 0) return "needs root, to change into another root folder";
    const folder = await Deno.makeTempDir();
    try {
      await Deno.mkdir(join(folder, "proc"));
      await run("unshare", [...UNSHARE, `${MOUNT_PROC} && chroot --version`, folder]);
    } catch (error) {
      return `needs 'unshare', 'mount' and 'chroot' that work: ${error instanceof Error ? error.message : error}`;
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }

  /** Makes one for a binary, which is found in it as `/sagemaker-operator`. */
  static async open(binary: string): Promise<BareRoot> {
    const root = new BareRoot(await Deno.makeTempDir({ prefix: "sagemaker-operator-root-" }));
    await Deno.chmod(root.path, 0o755);
    const folders = ["etc", "home", "proc", "root", "run", "var"];
    for (const folder of folders) await Deno.mkdir(join(root.path, folder), { mode: 0o755 });
    // As in Debian, and so in the image.
    await Deno.symlink("../run", join(root.path, "var/run"));
    await Deno.mkdir(join(root.path, "home/nonroot"), { mode: 0o700 });
    await Deno.chown(join(root.path, "home/nonroot"), UID, UID);
    await Deno.mkdir(join(root.path, "tmp"));
    await Deno.chmod(join(root.path, "tmp"), 0o1777);

    await Deno.writeTextFile(join(root.path, "etc/passwd"), PASSWD);
    await root.#copy(CERTIFICATES);
    for (const library of await librariesOf(binary)) await root.#copy(library);
    await root.#copy(binary, "/sagemaker-operator");
    return root;
  }

  /** Writes a file that only the image's user may read, as a mounted secret is. */
  async write(path: string, text: string): Promise<void> {
    const file = join(this.path, path);
    await Deno.mkdir(dirname(file), { recursive: true });
    await Deno.writeTextFile(file, text, { mode: 0o400 });
    await Deno.chown(file, UID, UID);
  }

  /** Starts the binary as the image's user, with nothing in its environment but what an image sets and `env`. */
  spawn(args: string[], env: Record<string, string> = {}): Deno.ChildProcess {
    const start = `exec chroot --userspec=${UID}:${UID} --groups=${UID} "$0" /sagemaker-operator "$@"`;
    return new Deno.Command("unshare", {
      args: [...UNSHARE, `${MOUNT_PROC} && ${start}`, this.path, ...args],
      clearEnv: true,
      env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/home/nonroot", ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }

  async #copy(from: string, to = from): Promise<void> {
    const file = join(this.path, to);
    await Deno.mkdir(dirname(file), { recursive: true });
    await Deno.copyFile(from, file);
  }
}

/** The dynamic linker and what it loads for a binary. */
async function librariesOf(binary: string): Promise<string[]> {
  const lines = (await run("ldd", [binary])).split("\n");
  return lines.flatMap((line) => /(?:=> |^\s*)(\/\S+) \(0x/.exec(line)?.[1] ?? []);
}

function run(command: string, args: string[]): Promise<string> {
  return runCommand(command, args, { clock: systemClock, timeoutMs: 10_000 });
}
