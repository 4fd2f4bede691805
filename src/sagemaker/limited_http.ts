import { NodeHttpHandler } from "@smithy/node-http-handler";
import { type Readable, Transform } from "node:stream";
import { AnswerTooLargeError } from "../util/limited_answer.ts";

/** No answer that the operator asks AWS for is near that: a page of CloudWatch Logs has 1 MiB at most. */
export const MOST_ANSWER_BYTES = 4 * 2 ** 20;

let isSet = false;

/**
 * Has every `NodeHttpHandler` of the process read no more than `MOST_ANSWER_BYTES` of an answer. The SDK's providers of credentials make
 * handlers of their own and take none as an option, so the class itself is changed.
 */
export function limitNodeAnswers(): void {
  if (isSet) return;
  isSet = true;
  const { handle } = NodeHttpHandler.prototype;
  NodeHttpHandler.prototype.handle = async function (...request) {
    const { response } = await handle.apply(this, request);
    response.body = limitedBody(response.body);
    return { response };
  };
}

/** The same bytes, with an error in the place of those that are too many. Then the connection is closed. */
function limitedBody(body: Readable): Readable {
  let bytes = 0;
  const counted = new Transform({
    transform(chunk: Uint8Array, _, done) {
      bytes += chunk.length;
      if (bytes <= MOST_ANSWER_BYTES) return done(null, chunk);
      // Its end closes the connection.
      counted.destroy(new AnswerTooLargeError(MOST_ANSWER_BYTES));
    },
  });
  // A connection that is lost must not look like the end of the answer.
  body.once("error", (error) => counted.destroy(error));
  body.once("close", () => body.readableEnded || counted.destroy(connectionLost()));
  counted.once("close", () => body.destroy());
  return body.pipe(counted);
}

function connectionLost(): Error {
  return Object.assign(new Error("the connection was lost (ECONNRESET)"), { code: "ECONNRESET" });
}
