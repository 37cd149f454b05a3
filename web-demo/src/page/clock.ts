/** Times as people here write them. */

/** Time of day of a Unix time in seconds, as people here write it. */
export function clock(at: number): string {
  return new Date(at * 1000).toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });
}

/** E.g. 75,000 ms → "1:15". */
export function duration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
