import type { Job } from "../../api/job.ts";
import type { JobPage } from "../client.ts";
import type { Sending } from "./calls.ts";
import { Paging } from "./paging.ts";
import type { ChangeWindow, Window } from "./window.ts";

/** What ListProcessingJobs is asked for at most in one page. */
const PAGE_SIZE = 100;

/** One list of what has changed. Its pages are few only where SageMaker filters before it makes pages. */
export class ChangePoll {
  /** The first page, once it was sent. */
  first: Sending | undefined;
  readonly #window: Window;
  readonly #createdAfter: number;
  readonly #paging = new Paging();
  #partialPages = 0;

  /** @param createdAfter no job that is followed is older, in milliseconds since the epoch */
  constructor(window: Window, createdAfter: number) {
    this.#window = window;
    this.#createdAfter = createdAfter;
  }

  /** What asks for the next page. */
  get query(): { modifiedAfter: number; createdAfter: number; nextToken?: string } {
    return { modifiedAfter: this.#window.since, createdAfter: this.#createdAfter, ...this.#paging.next };
  }

  get pages(): number {
    return this.#paging.pages;
  }

  /** How many pages led on though they were not full: a list that is filtered after it is cut into pages looks so. */
  get partialPages(): number {
    return this.#partialPages;
  }

  /**
   * Takes in a page, and says whether another one follows.
   *
   * @throws {SageMakerError} where the pages lead nowhere
   */
  take(page: JobPage, sending: Sending): boolean {
    this.first ??= sending;
    const hasMore = this.#paging.take(page);
    if (hasMore && page.jobs.length < PAGE_SIZE) this.#partialPages++;
    return hasMore;
  }

  /** This job of a page was news. */
  observeNews({ lastModifiedTime }: Job, window: ChangeWindow, now: number): void {
    if (lastModifiedTime !== undefined) window.observeNews(lastModifiedTime, this.#window, now);
  }

  /** It goes back further than is needed as a rule, and that takes more than one page. */
  get isTooLong(): boolean {
    return this.#window.isLong && this.#paging.next.nextToken !== undefined;
  }

  /** It has shown all changes, or is too long. */
  close(window: ChangeWindow, now: number): void {
    window.close(this.#window, now, { isTooLong: this.isTooLong });
  }
}
