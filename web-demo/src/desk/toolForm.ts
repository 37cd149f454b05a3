/**
 * A tool's JSON Schema as the fields of a form, and what was typed there as the tool's arguments. The gateway
 * checks arguments again; this only keeps people from sending what cannot be right.
 */
import { sentenceCase, words } from "../page/words";

export interface Field {
  name: string;
  label: string;
  help: string;
  required: boolean;
  kind: "text" | "number" | "integer" | "boolean" | "choice" | "list" | "json";
  /** For `choice`. */
  choices: string[];
  minimum: number | null;
  maximum: number | null;
  maxLength: number | null;
}

/** What stands in each field; a boolean's is "yes" or "". */
export type Typed = Record<string, string>;

/** The schema's properties in their order; a schema that is none has no fields. */
export function fieldsOf(schema: Record<string, unknown>): Field[] {
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  return Object.entries(asRecord(schema["properties"])).map(([name, value]) =>
    field(name, inlined(asRecord(value), schema), required.includes(name)),
  );
}

function field(name: string, schema: Record<string, unknown>, required: boolean): Field {
  const options = schema["enum"];
  const choices = Array.isArray(options) ? options.map(String) : [];
  const title = schema["title"];
  const help = schema["description"];
  return {
    name,
    label: typeof title === "string" ? title : sentenceCase(words(name)),
    help: typeof help === "string" ? help : "",
    required,
    kind: choices.length > 0 ? "choice" : kindOf(schema),
    choices,
    minimum: asNumber(schema["minimum"]),
    maximum: asNumber(schema["maximum"]),
    maxLength: asNumber(schema["maxLength"]),
  };
}

function kindOf(schema: Record<string, unknown>): Field["kind"] {
  switch (schema["type"]) {
    case "string":
      return "text";
    case "number":
    case "integer":
    case "boolean":
      return schema["type"];
    case "array":
      return asRecord(schema["items"])["type"] === "string" ? "list" : "json";
    default:
      return "json";
  }
}

/** Follows `$ref` into `$defs`, and takes the one possibility of a value that may also be null. */
function inlined(schema: Record<string, unknown>, root: Record<string, unknown>): Record<string, unknown> {
  const reference = schema["$ref"];
  if (typeof reference === "string") {
    const name = reference.replace("#/$defs/", "");
    return { ...asRecord(asRecord(root["$defs"])[name]), ...schema, $ref: undefined };
  }
  const options = schema["anyOf"];
  if (!Array.isArray(options)) return schema;
  const [only, more] = options.map(asRecord).filter((option) => option["type"] !== "null");
  return only === undefined || more !== undefined
    ? schema
    : { ...inlined(only, root), ...schema, anyOf: undefined };
}

export interface Filled {
  arguments: Record<string, unknown>;
  /** By field: what is wrong with it. */
  faults: Record<string, string>;
}

/** The arguments that were typed; empty fields are left out. */
export function filled(fields: Field[], typed: Typed): Filled {
  const result: Filled = { arguments: {}, faults: {} };
  for (const field of fields) {
    const text = (typed[field.name] ?? "").trim();
    if (text === "" && field.kind !== "boolean") {
      if (field.required) result.faults[field.name] = "Please fill this in.";
      continue;
    }
    if (text === "" && !field.required) continue;
    const [value, fault] = read(field, text);
    if (fault === null) result.arguments[field.name] = value;
    else result.faults[field.name] = fault;
  }
  return result;
}

function read(field: Field, text: string): [value: unknown, fault: string | null] {
  switch (field.kind) {
    case "text":
    case "choice":
      return [text, tooLong(field, text)];
    case "boolean":
      return [text === "yes", null];
    case "list":
      return [
        text
          .split(/[,\n]/)
          .map((part) => part.trim())
          .filter((part) => part !== ""),
        null,
      ];
    case "number":
    case "integer":
      return readNumber(field, text);
    case "json":
      return readJson(text);
  }
}

function tooLong({ maxLength }: Field, text: string): string | null {
  return maxLength !== null && text.length > maxLength ? `At most ${maxLength} characters.` : null;
}

function readNumber(field: Field, text: string): [value: unknown, fault: string | null] {
  const value = Number(text.replace(",", "."));
  if (!Number.isFinite(value)) return [null, "Please enter a number."];
  if (field.kind === "integer" && !Number.isInteger(value)) return [null, "Please enter a whole number."];
  if (field.minimum !== null && value < field.minimum) return [null, `At least ${field.minimum}.`];
  if (field.maximum !== null && value > field.maximum) return [null, `At most ${field.maximum}.`];
  return [value, null];
}

function readJson(text: string): [value: unknown, fault: string | null] {
  try {
    return [JSON.parse(text) as unknown, null];
  } catch {
    return [null, "Please enter JSON."];
  }
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

function asNumber(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
