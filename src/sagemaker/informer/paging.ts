import { type Failure, SageMakerError } from "../../api/job.ts";
import type { JobPage } from "../client.ts";

/** A hundred thousand jobs. A list that is longer is taken to have no end. */
const MAX_PAGES = 1_000;

/**
 * Goes through the pages of one list, and gives up where their tokens lead nowhere. Empty pages are no sign of that: SageMaker may
 * filter a page after it was cut, and have more jobs behind it.
 */
export class Paging {
  /** How many pages have been taken. */
  pages = 0;
  /** What asks for the next page. */
  next: { nextToken?: string } = {};
  readonly #tokens = new Set<string>();

  /**
   * Takes in an answer, and says whether another page follows.
   *
   * @throws {SageMakerError} where the tokens repeat themselves, or where there is no end to them
   */
  take({ nextToken }: JobPage): boolean {
    this.pages++;
    if (nextToken === undefined) return false;
    this.next = { nextToken };
    if (this.#tokens.has(nextToken)) throw endless("a page leads back to a page before it");
    if (this.pages === MAX_PAGES) throw endless(`there are more than ${MAX_PAGES} pages`);
    this.#tokens.add(nextToken);
    return true;
  }
}

function endless(why: string): SageMakerError {
  const message = `Cannot list the processing jobs: ${why}`;
  const failure: Failure = { retry: "slowly", reason: "UnknownError", code: "EndlessList", message };
  return new SageMakerError(failure);
}
