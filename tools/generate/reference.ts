import { parse } from "yaml";
import { API_VERSION, KIND } from "../../src/api/group.ts";
import type { Schema } from "./schema.ts";

interface Crd {
  spec: {
    names: { plural: string; shortNames: string[]; categories: string[] };
    versions: [{ schema: { openAPIV3Schema: Schema } }];
  };
}

/** A part of the resource that has fields of its own. */
interface Section {
  path: string;
  schema: Schema;
}

/** The reference of the resource's fields as Markdown, from the CRD, which is all that the cluster knows of them too. */
export function renderReference(crd: string): string {
  const { spec: { names, versions: [{ schema: { openAPIV3Schema } }] } } = parse(crd) as Crd;
  const { spec, status } = openAPIV3Schema.properties ?? {};
  return [
    "<!-- Generated from the CRD by `deno task generate`; do not edit. -->",
    "",
    `# ${KIND}`,
    "",
    `\`${API_VERSION}\`, namespaced; \`kubectl get ${names.plural}\`, \`${names.shortNames.join("`, `")}\` or ` +
    `\`${
      names.categories.join("`, `")
    }\`. The same is in the cluster: \`kubectl explain processingjob.spec --recursive\`.`,
    "",
    ...[{ path: "spec", schema: spec! }, { path: "status", schema: status! }].flatMap(sectionsUnder).flatMap(
      renderSection,
    ),
  ].join("\n");
}

/** A part and all parts below it, in the order of their fields. */
function sectionsUnder({ path, schema }: Section): Section[] {
  const below = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const inner = objectOf(field);
    return inner ? sectionsUnder({ path: `${path}.${name}${field.type === "array" ? "[]" : ""}`, schema: inner }) : [];
  });
  return [{ path, schema }, ...below];
}

/** The schema with fields that a field leads to, itself or its elements. */
function objectOf(field: Schema): Schema | undefined {
  const target = field.type === "array" ? field.items : field;
  return target?.properties ? target : undefined;
}

function renderSection({ path, schema }: Section): string[] {
  const required = schema.required ?? [];
  const rows = Object.entries(schema.properties ?? {}).map(([name, field]) => {
    const title = objectOf(field) ? `[\`${name}\`](#${anchor(`${path}.${name}`)})` : `\`${name}\``;
    const text = [field.description ?? "", ...valueRulesOf(field)].join(" ");
    return `| ${title}${required.includes(name) ? " *" : ""} | ${cell(typeText(field))} | ${cell(text)} |`;
  });
  const rules = (schema["x-kubernetes-validations"] ?? []).filter(({ rule }) => !rule.includes("oldSelf"));
  return [
    `## ${path}`,
    "",
    // What leads to an element describes the list.
    ...(path.endsWith("]") || !schema.description ? [] : [schema.description, ""]),
    "| field (* required) | type | |",
    "| --- | --- | --- |",
    ...rows,
    "",
    ...rules.map(({ message }) => `- ${message}`),
    ...(rules.length > 0 ? [""] : []),
  ];
}

/** What is refused of a field's value, or of a list as a whole and of its values. */
function valueRulesOf(field: Schema): string[] {
  const values = field.items?.type === "string" ? field.items : undefined;
  const own = field.type === "string" || field.type === "array" ? field["x-kubernetes-validations"] ?? [] : [];
  return [...own, ...(values?.["x-kubernetes-validations"] ?? [])].map(({ message }) =>
    // An asterisk would begin emphasis.
    `${message.replaceAll("*", "\\*")}.`
  );
}

function typeText(field: Schema): string {
  if (field.type !== "array") return [nameOf(field), ...limitsOf(field)].join(", ");
  const items = field.items;
  const keys = field["x-kubernetes-list-map-keys"];
  return [
    `list of ${items ? [plural(nameOf(items)), ...limitsOf(items)].join(", ") : "anything"}`,
    ...range(field.minItems, field.maxItems, "elements"),
    ...(keys ? [`one for each ${keys.join(" and ")}`] : []),
  ].join("; ");
}

function plural(name: string): string {
  return name.startsWith("`") ? name : `${name}s`;
}

function nameOf({ type, format, enum: words }: Schema): string {
  if (words) return words.map((word) => `\`${word}\``).join(" or ");
  return format === "date-time" ? "time" : type;
}

function limitsOf({ minLength, maxLength, minimum, maximum, pattern }: Schema): string[] {
  return [
    ...range(minLength, maxLength, "characters"),
    ...range(minimum, maximum, ""),
    ...(pattern === undefined ? [] : [`\`${pattern}\``]),
  ];
}

function range(least: number | undefined, most: number | undefined, of: string): string[] {
  if (least === undefined && most === undefined) return [];
  const text = most === undefined
    ? `${least} or more`
    : least === undefined
    ? `at most ${most}`
    : `${least} to ${most}`;
  return [`${text} ${of}`.trim()];
}

/** A bar would end the cell, also in code. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

/** The anchor that Markdown renderers give a heading. */
function anchor(heading: string): string {
  return heading.toLowerCase().replace(/[^a-z0-9_-]/g, "");
}
