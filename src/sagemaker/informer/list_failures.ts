import { getLogger } from "@logtape/logtape";
import type { Failure } from "../../api/job.ts";

/** After so many lists in a row that failed, or one that was denied, jobs are described one by one. */
const MAX_FAILURES = 3;
/** Meanwhile a list is tried so often, … */
const PROBE_MS = 60_000;
/** … and sooner at first, where the network or a fault of the service is the cause. */
const FIRST_PROBE_MS = 5_000;

const log = getLogger(["operator", "sagemaker-informer"]);

/** Whether lists work at present. */
export class ListFailures {
  #failures = 0;
  #isDenied = false;

  get isBroken(): boolean {
    return this.#isDenied || this.#failures >= MAX_FAILURES;
  }

  /** A list has come to its end. */
  ended(): void {
    if (this.isBroken) log.info("Processing jobs can be listed again");
    this.#failures = 0;
    this.#isDenied = false;
  }

  /** A list has failed. Says in how many milliseconds another one should be tried. */
  failed(failure: Failure): number {
    const wasBroken = this.isBroken;
    this.#failures++;
    if (failure.reason === "AccessDenied") this.#isDenied = true;
    if (this.isBroken && !wasBroken) {
      log.warn("Cannot list the processing jobs; they are described one by one", { failure });
    }
    if (this.#isDenied) return PROBE_MS;
    const [first, doublings] = this.isBroken
      ? [FIRST_PROBE_MS, this.#failures - MAX_FAILURES]
      : [1_000, this.#failures];
    return Math.min(PROBE_MS, first * 2 ** doublings);
  }
}
