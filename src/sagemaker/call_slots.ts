import { quotaSiteKey } from "../api/job.ts";
import type { Call } from "./gate_rules.ts";

/** The part of the workers that hanging calls may take. */
const PART = 1 / 4;
/** A call that takes longer than this hangs. */
const HANGS_MS = 2_000;
/** How long calls are taken to hang where one has hung, unless one has ended in time since. */
const SUSPECT_MS = 60_000;
/** Whom no call that ends has released asks again after this. */
export const SLOT_WAIT_MS = 5_000;

interface UnderWay {
  since: number;
  group: string;
  /** Of calls to an endpoint that a spec names; its owner decides when they hang. */
  tenant?: string;
}

/**
 * Sees to it that calls which hang leave workers for others. All moments are those of one monotonic clock.
 *
 * - Calls to endpoints that specs name have a quarter of the workers for each endpoint, and for each tenant.
 * - Others have more as long as they end in time. Where one operation at one site hangs for longer than two seconds it has a quarter.
 *   Other operations there go on, since they may work.
 */
export class CallSlots {
  readonly #most: number;
  readonly #underWay = new Map<string, UnderWay>();
  /** Keys that were refused, the longest ago first. */
  readonly #refused = new Set<string>();
  /** Until when the calls of a group are taken to hang. */
  readonly #suspects = new Map<string, number>();

  /** @param workers how many calls may be under way at once in all */
  constructor(workers: number) {
    this.#most = Math.max(1, Math.floor(workers * PART));
  }

  /** How many keys have a call under way or were refused one. */
  get size(): number {
    return this.#underWay.size + this.#refused.size;
  }

  /** Whether `call` of `key` may be sent as far as hanging calls go; if not, it is called once one of them has ended. */
  mayBegin(key: string, call: Call, now: number): boolean {
    const { group, tenant } = groupsOf(call);
    let [ofGroup, ofTenant] = [0, 0];
    for (const [other, each] of this.#underWay) {
      if (other === key) continue;
      if (each.group === group && this.#hangs(each, now)) ofGroup++;
      if (tenant !== undefined && each.tenant === tenant) ofTenant++;
    }
    const isFree = ofGroup < this.#most && ofTenant < this.#most;
    if (isFree) this.#refused.delete(key);
    else this.#refused.add(key);
    return isFree;
  }

  /** The call of `key` is sent now; `end` must follow. */
  begin(key: string, call: Call, now: number): void {
    this.#underWay.set(key, { since: now, ...groupsOf(call) });
  }

  /** The call of `key` has ended, or is not wanted any more; gives who may ask again. */
  end(key: string, now: number): string | undefined {
    this.#refused.delete(key);
    const ended = this.#underWay.get(key);
    if (ended === undefined) return undefined;
    this.#underWay.delete(key);
    if (now - ended.since < HANGS_MS) this.#suspects.delete(ended.group);
    else this.#suspects.set(ended.group, now + SUSPECT_MS);
    const [next] = this.#refused;
    if (next !== undefined) this.#refused.delete(next);
    return next;
  }

  /** Forgets where calls hung a while ago. */
  dropIdle(now: number): void {
    for (const [group, until] of this.#suspects) if (until <= now) this.#suspects.delete(group);
  }

  /** Whether a call hangs, or may. */
  #hangs({ since, group, tenant }: UnderWay, now: number): boolean {
    return tenant !== undefined || now - since >= HANGS_MS || (this.#suspects.get(group) ?? -Infinity) > now;
  }
}

function groupsOf(call: Call): { group: string; tenant?: string } {
  const site = quotaSiteKey(call);
  if (call.endpoint === undefined) return { group: `${call.operation} ${site}` };
  return { group: site, tenant: call.tenant ?? "" };
}
