import { deepEqual, equal, match, ok } from "node:assert/strict";
import { getLogger, resetSync, withContext } from "@logtape/logtape";
import { configureLog, type LogFormat, type LogLevel } from "./log.ts";

const log = getLogger(["operator", "informer"]);

/** The lines that `act` logs, each without its newline. */
function linesOf(format: LogFormat, level: LogLevel, act: () => void): string[] {
  const lines: string[] = [];
  configureLog({
    level,
    format,
    write(line) {
      ok(line.endsWith("\n"));
      lines.push(line.slice(0, -1));
    },
  });
  try {
    act();
  } finally {
    resetSync();
  }
  return lines;
}

/** The JSON line of one record with these properties, without its time. */
function jsonOf(properties: Record<string, unknown>, level: LogLevel = "info"): Record<string, unknown> {
  const [line] = linesOf("json", level, () => log.info("Listed resources", properties));
  const { time, ...rest } = JSON.parse(line!);
  match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  return rest;
}

/** The text of one record with these properties, from its level on. */
function textOf(properties: Record<string, unknown>): string {
  const [line] = linesOf("text", "info", () => log.info("Listed resources", properties));
  match(line!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /);
  return line!.slice(25);
}

const head = { level: "info", logger: "operator.informer", message: "Listed resources" };

Deno.test("a JSON line has the time, level, logger and message, then the properties", () => {
  deepEqual(jsonOf({ namespace: "team-a", count: 3, ok: true, none: null }), {
    ...head,
    namespace: "team-a",
    count: 3,
    ok: true,
    none: null,
  });
});

Deno.test("a text line has the time, level and message, then the properties, quoted where needed", () => {
  const properties = {
    namespace: "team-a",
    count: 3,
    text: "two words",
    empty: "",
    line: "a\nb",
    list: ["x"],
    gone: undefined,
  };
  equal(
    textOf(properties),
    `INFO  Listed resources namespace=team-a count=3 text="two words" empty="" line="a\\nb" list=["x"]`,
  );
});

Deno.test("an error among the properties becomes its message and causes", () => {
  const error = new Error("Cannot list", { cause: new Error("Connection refused") });
  deepEqual(jsonOf({ error }), { ...head, error: "Cannot list: Connection refused" });
  equal(textOf({ error }), `INFO  Listed resources error="Cannot list: Connection refused"`);
});

Deno.test("stacks are shown at level debug only", () => {
  const error = new Error("Cannot list");
  match(String(jsonOf({ error }, "debug").errorStack), /log_test\.[jt]s/);
  const text = (level: LogLevel) => linesOf("text", level, () => log.warn("Failed", { error })).join("\n");
  match(text("debug"), /\n {4}Error: Cannot list\n {8}at .*log_test\.[jt]s/);
  ok(!text("info").includes("log_test."));
});

Deno.test("values of properties that sound secret are redacted, at any depth", () => {
  for (const name of ["token", "sessionToken", "secretAccessKey", "password", "Authorization", "environment"]) {
    deepEqual(jsonOf({ [name]: "hunter2" }), { ...head, [name]: "[redacted]" });
    deepEqual(jsonOf({ request: { list: [{ [name]: { deep: "hunter2" } }] } }), {
      ...head,
      request: { list: [{ [name]: "[redacted]" }] },
    });
    equal(textOf({ [name]: "hunter2" }), `INFO  Listed resources ${name}=[redacted]`);
    equal(textOf({ request: { [name]: "hunter2" } }), `INFO  Listed resources request={"${name}":"[redacted]"}`);
  }
});

Deno.test("a property can't take the place of the line's own fields", () => {
  deepEqual(jsonOf({ message: "other", level: "none" }), { ...head, message_: "other", level_: "none" });
});

Deno.test("values that JSON can't hold don't cost the line", () => {
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  deepEqual(jsonOf({ circle, big: 1n }), { ...head, circle: "[object Object]", big: "1" });
  match(textOf({ circle }), /^INFO {2}Listed resources circle=/);
});

Deno.test("levels below the chosen one are left out", () => {
  const everything = () => {
    log.debug("d");
    log.info("i");
    log.warn("w");
    log.error("e");
  };
  const levels = (level: LogLevel) => linesOf("json", level, everything).map((line) => JSON.parse(line).level);
  deepEqual(levels("debug"), ["debug", "info", "warn", "error"]);
  deepEqual(levels("info"), ["info", "warn", "error"]);
  deepEqual(levels("warn"), ["warn", "error"]);
  deepEqual(levels("error"), ["error"]);
});

Deno.test("configureLog() writes to stderr unless told otherwise", async () => {
  const script = `
    import { getLogger } from "@logtape/logtape";
    import { configureLog } from ${JSON.stringify(import.meta.resolve("./log.ts"))};
    configureLog({ level: "info", format: "text" });
    getLogger(["operator"]).info("Started");`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args: ["eval", script] }).output();
  equal(new TextDecoder().decode(stdout), "");
  match(new TextDecoder().decode(stderr), /Z INFO {2}Started\n$/);
});

Deno.test("what is logged within a context carries its properties, and what is logged after it does not", () => {
  const lines = linesOf("json", "info", () => {
    withContext({ reconcileId: "1a2b" }, () => log.info("Within", { count: 1 }));
    log.info("After");
  });
  const [within, after] = lines.map((line) => JSON.parse(line));
  deepEqual([within.reconcileId, within.count, after.reconcileId], ["1a2b", 1, undefined]);
});
