import type { RetryCause } from "./policies.ts";

/**
 * What a failure reason begins with. Only its beginning is SageMaker's: what follows may be the user's own words, as is the exit
 * message, which so says nothing.
 */
const BEGINNINGS: [RegExp, RetryCause][] = [
  [/^CapacityError\b/, "CapacityError"],
  // With SageMaker's own prefix or without one. Behind 'AlgorithmError' stands what the user's code wrote.
  [
    /^((?!AlgorithmError)\w+(Error|Exception|Fault): )?(Insufficient(Instance)?Capacity|Unable to provision requested ML compute capacity\b)/,
    "CapacityError",
  ],
  [/^InternalServerError\b|^InternalFailure\b|^We encountered an internal error\b/, "InternalServerError"],
  [/^ServiceFault\b|^ServiceUnavailable/, "ServiceFault"],
  [/^ResourceLimit(Error|Exceeded(Exception)?)?\b/, "ResourceLimit"],
  [/^AlgorithmError\b/, "AlgorithmError"],
];

/** Why a job failed, as a retry policy names it, by the reason that SageMaker gives; undefined for all that no policy can name. */
export function causeOfFailure(reason: string): RetryCause | undefined {
  return BEGINNINGS.find(([pattern]) => pattern.test(reason))?.[1];
}
