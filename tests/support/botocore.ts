import { FACTS } from "../../src/sagemaker/facts.ts";

/** The version that the service facts were taken from, in a virtual environment that outlives the test run. */
const REQUIREMENT = `botocore==${FACTS.source.version}`;
const FOLDER = `${Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`}/sagemaker-operator/venv`;
const PYTHON = `${FOLDER}/bin/python`;

/** The Python that has botocore, installed first where it isn't yet; `undefined` where this machine has no Python. */
export async function pythonWithBotocore(): Promise<string | undefined> {
  if (await run(PYTHON, ["-c", `import botocore; assert botocore.__version__ == "${FACTS.source.version}"`])) {
    return PYTHON;
  }
  if (!await run("python3", ["--version"])) return undefined;
  const pinned = `--requirement=${new URL("../../tools/python/botocore.txt", import.meta.url).pathname}`;
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", pinned];
  if (!await run("python3", ["-m", "venv", FOLDER]) || !await run(PYTHON, pip)) {
    throw new Error(
      `Cannot install '${REQUIREMENT}' into '${FOLDER}': python3 needs its venv module and a package index`,
    );
  }
  return PYTHON;
}

async function run(command: string, args: string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(command, { args, stdout: "null", stderr: "null" }).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
