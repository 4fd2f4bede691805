import { type Clock, systemClock } from "../../src/runtime/clock.ts";

/**
 * A clock that goes `factor` times as fast as the system's: for rules that wait for minutes, where the parties to a test are
 * real and can't be told that time has passed.
 */
export function fastClock(factor: number): Clock {
  const [now, monotonic] = [systemClock.now(), systemClock.monotonic()];
  const passed = () => (systemClock.monotonic() - monotonic) * factor;
  return {
    now: () => now + passed(),
    monotonic: () => monotonic + passed(),
    setTimer: (ms, callback) => systemClock.setTimer(ms / factor, callback),
  };
}
