/**
 * Checks JSON from outside before anything uses it: small readers that either return a typed value or throw
 * `ShapeError` naming the place. Unknown keys are ignored, so an older page understands a newer gateway.
 */

/** The value is not of the promised shape; the message says where and what was expected. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";
}

/** Reads a value found at `at` (a path for people, e.g. `event.pii.text`), or throws `ShapeError`. */
export type Read<T> = (value: unknown, at: string) => T;

/** What a reader returns. */
export type Of<R> = R extends Read<infer T> ? T : never;

function refuse(value: unknown, at: string, expected: string): never {
  const found = value === null ? "null" : Array.isArray(value) ? "a list" : typeof value;
  throw new ShapeError(`${at}: expected ${expected}, found ${found}`);
}

export const string: Read<string> = (value, at) =>
  typeof value === "string" ? value : refuse(value, at, "a string");

export const number: Read<number> = (value, at) =>
  typeof value === "number" && Number.isFinite(value) ? value : refuse(value, at, "a number");

export const boolean: Read<boolean> = (value, at) =>
  typeof value === "boolean" ? value : refuse(value, at, "true or false");

/** Any JSON object, its values unchecked. */
export const record: Read<Record<string, unknown>> = (value, at) =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : refuse(value, at, "an object");

/** One of the given strings. */
export function oneOf<const T extends string>(...allowed: T[]): Read<T> {
  return (value, at) =>
    allowed.find((candidate) => candidate === value) ?? refuse(value, at, `one of ${allowed.join(", ")}`);
}

/** A missing or null value becomes `fallback`. */
export function or<T, F>(read: Read<T>, fallback: F): Read<T | F> {
  return (value, at) => (value === undefined || value === null ? fallback : read(value, at));
}

export function list<T>(read: Read<T>): Read<T[]> {
  return (value, at) =>
    Array.isArray(value)
      ? value.map((item, index) => read(item, `${at}[${index}]`))
      : refuse(value, at, "a list");
}

type Fields = Record<string, Read<unknown>>;

export function object<const F extends Fields>(fields: F): Read<{ [K in keyof F]: Of<F[K]> }> {
  return (value, at) => {
    const found = record(value, at);
    const result: Record<string, unknown> = {};
    for (const [key, read] of Object.entries(fields)) result[key] = read(found[key], `${at}.${key}`);
    return result as { [K in keyof F]: Of<F[K]> };
  };
}

/** Throws `ShapeError` when the text is not JSON. */
export function parseJson(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    throw new ShapeError("the message is not JSON");
  }
}
