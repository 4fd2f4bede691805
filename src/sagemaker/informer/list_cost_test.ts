import assert from "node:assert/strict";
import { ListCost } from "./list_cost.ts";

const MINUTE = 60_000;

/** After a scan of so many pages, all of which were worth while. */
function scanned(pages: number, jobs = 1_000): ListCost {
  const cost = new ListCost();
  cost.scanned({ jobs, pages, usefulPages: pages, distant: [] });
  return cost;
}

Deno.test("ListCost: one job is described, two are listed", () => {
  const cost = new ListCost();
  assert.equal(cost.isWorthwhile(1, 0, 0), false);
  assert.equal(cost.isWorthwhile(2, 0, 0), true);
});

Deno.test("ListCost: a poll is tried where a scan has more than one page, and again after eight minutes", () => {
  assert.equal(scanned(1).wantsTrial(0), false);
  const cost = scanned(10);
  assert.equal(cost.wantsTrial(0), true);
  assert.deepEqual([8, 9].map((pages) => cost.isLate(pages, { hasMore: false })), [false, true]);
  assert.deepEqual([9, 10].map((pages) => cost.isLate(pages, { hasMore: true })), [false, true]);
  cost.late(0);
  assert.deepEqual([cost.wantsTrial(8 * MINUTE - 1), cost.wantsTrial(8 * MINUTE)], [false, true]);
  assert.equal(cost.usesPolls, false);
});

Deno.test("ListCost: polls that are shorter than a scan are used; one that is as long says nothing", () => {
  const cost = scanned(3);
  cost.polled(3, 0);
  assert.deepEqual([cost.usesPolls, cost.wantsTrial(0), cost.wantsTrial(10_000)], [false, false, true]);
  cost.polled(1, MINUTE);
  assert.equal(cost.usesPolls, true);
  // A scan of one page shows as much as a poll.
  cost.scanned({ jobs: 90, pages: 1, usefulPages: 1, distant: [] });
  assert.equal(cost.usesPolls, false);
});

Deno.test("ListCost: where lists cost more than Describes one is tried after a minute, and for more jobs at once", () => {
  const cost = scanned(6);
  cost.late(0);
  assert.equal(cost.isWorthwhile(7, 0, 0), true);
  assert.equal(cost.isWorthwhile(6, 0, 0), false);
  assert.equal(cost.probeAt, MINUTE);
  // Only a list can show that it is otherwise by now.
  assert.equal(cost.isWorthwhile(6, 0, 2 * MINUTE), false);
  assert.equal(cost.isWorthwhile(7, 0, 0), true);
  cost.scanned({ jobs: 6, pages: 2, usefulPages: 2, distant: [] });
  assert.equal(cost.isWorthwhile(6, 0, 2 * MINUTE), true);
  assert.equal(cost.probeAt, 8 * MINUTE);
});

Deno.test("ListCost: where polls cost more than Describes one that costs less is enough", () => {
  const cost = scanned(10);
  cost.polled(1, 0);
  for (let poll = 0; poll < 5; poll++) cost.tooManyChanges(11, 0);
  assert.deepEqual([cost.isWorthwhile(5, 0, 0), cost.probeAt], [false, MINUTE]);
  cost.polled(2, MINUTE);
  assert.deepEqual([cost.isWorthwhile(5, 0, MINUTE), cost.probeAt], [true, Infinity]);
});

Deno.test("ListCost: a scan that was not worth while says so of as many jobs as it looked for", () => {
  const cost = new ListCost();
  cost.scanned({ jobs: 20, pages: 1, usefulPages: 0, distant: new Array<never>(20) });
  assert.deepEqual([cost.isWorthwhile(20, 0, 0), cost.isWorthwhile(21, 0, 0)], [false, true]);
});

Deno.test("ListCost: a scan that does not show jobs which are not distant says nothing against lists", () => {
  const cost = new ListCost();
  cost.scanned({ jobs: 20, pages: 1, usefulPages: 0, distant: [undefined as never] });
  assert.equal(cost.isWorthwhile(20, 0, 0), true);
});
