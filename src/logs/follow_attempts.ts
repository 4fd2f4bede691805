import type { JobView } from "./job_view.ts";

/** The attempts of a resource, as they are known now. */
export interface Attempts {
  /** The number of the attempt that the resource is at. */
  readonly latest: number;
  viewOf(number: number): JobView;
}

export interface FollowAttemptsOptions {
  /** Follows one attempt, until it has ended and its last lines are out. */
  followOne: (view: () => JobView, number: number) => Promise<void>;
  /** Told of an attempt that has ended, and of the number of the one that is followed next. */
  onNext: (ended: JobView, next: number) => void;
}

/**
 * Follows the attempts of a resource from number `first` on, one after another, until the last of them has ended. The next is
 * begun only once the lines of the one before are out, so a retry loses none of them. Gives the last attempt.
 *
 * @throws what `followOne` throws
 */
export async function followAttempts(
  attempts: Attempts,
  first: number,
  { followOne, onNext }: FollowAttemptsOptions,
): Promise<JobView> {
  for (let number = first;; number++) {
    await followOne(() => attempts.viewOf(number), number);
    const view = attempts.viewOf(number);
    if (attempts.latest <= number) return view;
    onNext(view, number + 1);
  }
}
