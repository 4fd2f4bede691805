/** What the failure of a create says about the job: whether SageMaker may have it, or may yet get it. */
import type { Failure, Reason } from "../api/job.ts";

/** Codes of the network which say that the request did not leave. A host that becomes unreachable may have the request. */
const NOT_SENT_CODES = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|CERT_.*|UNABLE_TO_.*|SELF_SIGNED_.*)$/;

/** Failures that leave open whether the create was carried out: no answer, or one that is not SageMaker's refusal. */
const UNANSWERED: readonly Reason[] = ["NetworkUnavailable", "ServiceUnavailable", "UnknownError"];

/** Whether a create that failed so may have been carried out, or may yet be. */
export function mayHaveArrived({ reason, code }: Failure): boolean {
  return UNANSWERED.includes(reason) && !NOT_SENT_CODES.test(code);
}
