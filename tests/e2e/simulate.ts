import assert from "node:assert/strict";
import type { BareRoot } from "./bare_root.ts";

/** The stand-in that ships in the binary, as a process in the bare root. */
export interface Simulate extends AsyncDisposable {
  url: string;
  /** The status of a job, by its name. */
  statusOf(job: string): Promise<string>;
  /** Asks it to end, and gives its exit code. */
  stop(): Promise<number>;
}

/** Starts `simulate` and waits until it listens; its jobs take a second, and a second to stop. */
export async function startSimulate(root: BareRoot): Promise<Simulate> {
  const child = root.spawn(["simulate", "--listen=127.0.0.1:0", "--job-duration=1s", "--stop-duration=1s"]);
  const stderr = new Response(child.stderr).text();
  const stdout = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const line = await firstLine(stdout);
  const stop = once(async () => {
    // It has ended already where it could not start.
    if (line !== "") child.kill("SIGTERM");
    const [{ code }] = await Promise.all([child.status, stderr, stdout.cancel()]);
    return code;
  });
  const url = /^listening on (\S+)$/.exec(line)?.[1];
  if (url === undefined) {
    await stop();
    throw new Error(`'simulate' printed '${line}' and wrote:\n${await stderr}`);
  }
  return { url, statusOf: (job) => statusOf(url, job), stop, [Symbol.asyncDispose]: async () => void await stop() };
}

function once<T>(action: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => result ??= action();
}

/** The first line of an output; empty if that ends without one. */
async function firstLine(output: ReadableStreamDefaultReader<string>): Promise<string> {
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await output.read();
    if (done) return "";
    text += value;
  }
  return text.split("\n")[0]!;
}

/** Asks as the SDK would; the stand-in wants a signature and doesn't verify it. */
async function statusOf(url: string, job: string): Promise<string> {
  const scope = "Credential=AKIDEXAMPLE/20260101/us-west-2/sagemaker/aws4_request";
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "x-amz-target": "SageMaker.DescribeProcessingJob",
      "content-type": "application/x-amz-json-1.1",
      authorization: `AWS4-HMAC-SHA256 ${scope}, SignedHeaders=host, Signature=0`,
    },
    body: JSON.stringify({ ProcessingJobName: job }),
  });
  const body = await response.json();
  assert.equal(response.status, 200, JSON.stringify(body));
  return body.ProcessingJobStatus;
}
