import assert from "node:assert/strict";
import { FakeClock } from "../../runtime/fake_clock.ts";
import { CallBudgets } from "../budget.ts";
import type { SageMaker } from "../client.ts";
import { LaneCalls } from "./calls.ts";

const SITE = { region: "us-west-2" };
const MINUTE = 60_000;

function setUp() {
  const clock = new FakeClock();
  const budgets = new CallBudgets({ random: () => 0.5 });
  const sageMaker = { list: () => Promise.resolve({ jobs: [] }) } as unknown as SageMaker;
  const calls = new LaneCalls({ sageMakerFor: () => sageMaker, budgets, clock }, SITE);
  /** Lists as often as is allowed, and gives how many that were. */
  const listFor = async (ms: number) => {
    const end = clock.monotonic() + ms;
    for (let count = 0;; count++) {
      for (let wait = calls.listWaitMs(); wait > 0; wait = calls.listWaitMs()) {
        if (clock.monotonic() + wait > end) return count;
        await clock.advance(wait);
      }
      await calls.list({}, new AbortController().signal);
    }
  };
  return { clock, budget: budgets.of({ operation: "ListProcessingJobs", ...SITE }), listFor };
}

Deno.test("lists take half of two a second, before anything is known, and two at once after a pause", async () => {
  const { clock, listFor } = setUp();
  assert.equal(await listFor(MINUTE), 62);
  assert.equal(await listFor(MINUTE), 60);
  await clock.advance(10 * MINUTE);
  assert.equal(await listFor(MINUTE), 62);
});

Deno.test("lists take half of what throttling has shown to be allowed", async () => {
  const { clock, budget, listFor } = setUp();
  for (let call = 0; call < 30; call++) {
    const sent = clock.monotonic();
    budget.take(sent);
    await clock.advance(1_000);
    budget.report(call % 10 === 9 ? "throttled" : "ok", sent, clock.monotonic());
  }
  assert.ok(budget.perSecond < 1);
  const half = budget.perSecond / 2;
  const count = await listFor(10_000);
  assert.ok(count <= 10 * half + 2, `${count} lists`);
});
