/** How long to wait before the next attempt: exponential, capped, with jitter against stampedes. */

export interface Backoff {
  firstMs: number;
  maxMs: number;
}

/**
 * The wait before attempt `attempt` (0 is the first retry). `chance` is in [0, 1): half of the wait is
 * fixed, so that attempts never come in a burst; the rest is spread evenly.
 */
export function delayMs(backoff: Backoff, attempt: number, chance: number): number {
  const ceiling = Math.min(backoff.maxMs, backoff.firstMs * 2 ** Math.min(attempt, 30));
  return ceiling / 2 + (ceiling / 2) * chance;
}
