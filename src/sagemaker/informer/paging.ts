import { type Failure, SageMakerError } from "../../api/job.ts";
import type { JobPage } from "../client.ts";

/** A hundred thousand jobs; no list that is asked for comes near. */
const MAX_PAGES = 1_000;
/** A service may answer an empty page with a token now and then, but not for ever. */
const MAX_EMPTY = 3;

/** Goes through the pages of one list, and gives up where their tokens lead nowhere. */
export class Paging {
  /** How many pages have been taken. */
  pages = 0;
  /** What asks for the next page. */
  next: { nextToken?: string } = {};
  readonly #tokens = new Set<string>();
  #empty = 0;

  /**
   * Takes in an answer, and says whether another page follows.
   *
   * @throws {SageMakerError} where the tokens repeat themselves, or where there is no end to them
   */
  take({ jobs, nextToken }: JobPage): boolean {
    this.pages++;
    if (nextToken === undefined) return false;
    this.next = { nextToken };
    this.#empty = jobs.length === 0 ? this.#empty + 1 : 0;
    if (this.#tokens.has(nextToken)) throw endless("a page leads back to a page before it");
    if (this.#empty === MAX_EMPTY) throw endless(`${MAX_EMPTY} pages in a row are empty`);
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
