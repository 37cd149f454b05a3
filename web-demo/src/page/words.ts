/** Words and values for people, from what the wire names by code. */

/** E.g. `look_up_order` → "look up order". */
export function words(code: string): string {
  return code.replaceAll(/[_.-]+/g, " ").trim();
}

export function sentenceCase(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Any JSON value in one line. */
export function valueText(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (value === null) return "none";
  if (Array.isArray(value)) return value.map(valueText).join("; ");
  if (typeof value !== "object") return String(value);
  return Object.entries(value)
    .map(([name, inner]) => `${words(name)} ${valueText(inner)}`)
    .join(", ");
}
