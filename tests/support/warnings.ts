import { configureSync, type LogRecord, resetSync } from "@logtape/logtape";

/** Runs `body` and gives the warnings and errors that the program logged meanwhile; `body` gets those so far. */
export async function warningsOf(body: (soFar: readonly LogRecord[]) => Promise<void>): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  configureSync({
    reset: true,
    sinks: { sink: (record) => void records.push(record) },
    loggers: [
      { category: "operator", sinks: ["sink"], lowestLevel: "warning" },
      { category: ["logtape", "meta"], lowestLevel: "error" },
    ],
  });
  try {
    await body(records);
  } finally {
    resetSync();
  }
  return records;
}
