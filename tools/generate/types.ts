import { fieldName, type Shape, shape } from "../../src/sagemaker/facts.ts";
import { SPEC, structuresUnder } from "./adapt.ts";
import { describe } from "./descriptions.ts";

const HEAD = `// Generated from the service facts by \`deno task generate\`; do not edit.
// deno-fmt-ignore-file

`;

const LINE_WIDTH = 120;

/** The TypeScript of \`.spec\`: one interface for each structure, the spec first, with the descriptions as comments. */
export function renderTypes(shapes: Record<string, Shape>): string {
  return HEAD + structuresUnder(shapes, SPEC).map((name) => renderInterface(shapes, name)).join("\n");
}

function renderInterface(shapes: Record<string, Shape>, name: string): string {
  const structure = shape(name, shapes);
  if (structure.type !== "structure") throw new TypeError(`Cannot render '${name}': it is no structure`);
  const required = new Set(structure.required);
  const lines = Object.entries(structure.members).flatMap(([member, target]) => [
    `  /** ${describe(name, member)} */`,
    field(`${fieldName(member)}${required.has(member) ? "" : "?"}:`, typeName(shapes, target)),
  ]);
  const comment = name === SPEC ? "/** What the user wants: `.spec` of a ProcessingJob. */\n" : "";
  return `${comment}export interface ${name} {\n${lines.join("\n")}\n}\n`;
}

/** As the formatter has it. */
function field(name: string, type: string): string {
  const line = `  ${name} ${type};`;
  return line.length <= LINE_WIDTH ? line : `  ${name}\n    ${type};`;
}

function typeName(shapes: Record<string, Shape>, name: string): string {
  const target = shape(name, shapes);
  switch (target.type) {
    case "structure":
      return name;
    case "list": {
      const element = typeName(shapes, target.member);
      return element.includes("|") ? `(${element})[]` : `${element}[]`;
    }
    case "string":
      return target.enum?.map((word) => JSON.stringify(word)).join(" | ") ?? "string";
    case "boolean":
      return "boolean";
    case "integer":
    case "long":
    case "float":
    case "double":
      return "number";
    default:
      throw new TypeError(`Cannot render '${name}': no field of a resource is a ${target.type}`);
  }
}
