/** Ids that the page makes: unguessable, 24 hexadecimal digits. */
export function newId(): string {
  // Not `crypto.randomUUID`: that is missing on pages without https, where one can still write.
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}
