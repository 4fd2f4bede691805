/** What the operator logs, as far as it is a rule that it logs none of it. */
import { configureSync, type LogRecord, resetSync } from "@logtape/logtape";

/** Errors of programs, not of what they talk to. */
const OF_PROGRAMS = ["Error", "RangeError", "ReferenceError", "SyntaxError", "TypeError"];

/** Tells `onBug` of each error in the log that a failing call does not explain. Disposing of the result ends that. */
export function watchLog(onBug: (rule: string) => void): Disposable {
  const sink = ({ rawMessage, properties: { error } }: LogRecord) => {
    if (error instanceof Error && OF_PROGRAMS.includes(error.name)) onBug(`'${rawMessage}' is logged with ${error}`);
  };
  configureSync({
    reset: true,
    sinks: { sink },
    loggers: [
      { category: "operator", sinks: ["sink"], lowestLevel: "warning" },
      { category: ["logtape", "meta"], sinks: [], lowestLevel: "error" },
    ],
  });
  return { [Symbol.dispose]: resetSync };
}
