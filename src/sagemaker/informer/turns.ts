import type { TurnsOf } from "./describer.ts";
import type { Followed } from "./followed.ts";
import type { Lists } from "./lists.ts";
import { SCAN_MS } from "./scans.ts";

/** Where lists do not work, each job is described as often as polls would come, but no faster than this in all. */
const SOONEST_TURN_MS = 100;
/** Distant jobs are each described so often, … */
const DISTANT_MS = 5_000;
/** … but no more than one a second is, … */
const DISTANT_TURN_MS = 1_000;
/** … unless there are so many that one of them would wait longer than this. */
const LONGEST_DISTANT_MS = 60_000;
/** Jobs that lists ought to show and don't are each described so often. */
const OVERDUE_MS = 10_000;
/** Beside lists: each job is described so often … */
const RARE_MS = 60 * 60_000;
/** … but no more than three a minute are. */
const SOONEST_RARE_MS = 20_000;

/** How long to wait, in milliseconds, from one job that is described because it is its turn to the next. */
export function turnMs(
  from: TurnsOf,
  { lists: { isListing, isBroken }, followed, pollIntervalMs }: {
    lists: Pick<Lists, "isListing" | "isBroken">;
    followed: Followed;
    pollIntervalMs: number;
  },
): number {
  const { size } = from === "all" ? followed : followed.unlisted;
  if (size === 0) return Infinity;
  if (from === "unlisted") {
    if (!isListing) return Infinity;
    const longest = size > followed.distant.size ? OVERDUE_MS : LONGEST_DISTANT_MS;
    return Math.max(SOONEST_TURN_MS, Math.min(Math.max(DISTANT_TURN_MS, DISTANT_MS / size), longest / size));
  }
  if (isListing) return Math.max(SOONEST_RARE_MS, RARE_MS / size);
  // Where lists only cost too much, each Describe takes the place of one.
  return Math.max(SOONEST_TURN_MS, isBroken ? pollIntervalMs / size : Math.min(pollIntervalMs, SCAN_MS / size));
}
