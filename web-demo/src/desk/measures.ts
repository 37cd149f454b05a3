/**
 * What handoffs took and how they went, as `GET /api/desk/measures` tells it (docs/wire.md): its shape, and
 * the words for it. Pure.
 */
import { sentenceCase, words } from "../page/words";
import { type Of, type Read, list, number, object, or, record, string } from "../shape";
import { channel } from "../wire";
import { stateWords } from "./plain";

const spread = or(object({ count: number, median_s: number, p95_s: number }), null);
export type Spread = Of<typeof spread>;

/** Counts by code, the commonest first. */
const counts: Read<[code: string, count: number][]> = (value, at) =>
  Object.entries(record(value, at))
    .map(([code, count]): [string, number] => [code, number(count, `${at}.${code}`)])
    .sort(([, a], [, b]) => b - a);

const recent = object({
  since: or(number, null),
  handoffs: number,
  under_way: or(number, 0),
  reached: or(number, 0),
  back_in_line: or(number, 0),
  agents_lost: or(number, 0),
  times: or(
    list(
      object({
        queue: string,
        channel,
        handoffs: number,
        offer: spread,
        yes: spread,
        person: spread,
        words: spread,
        silence: spread,
      }),
    ),
    [],
  ),
  causes: or(list(object({ reason: string, handoffs: number, reached: number })), []),
  outcomes: or(counts, []),
  abandoned: or(counts, []),
});

export const readMeasures = object({
  /** Whose handoffs these are; null where there is only one node. */
  node: or(string, null),
  now: number,
  waiting: or(
    list(object({ queue: string, channel, waiting: number, ringing: or(number, 0), longest_s: number })),
    [],
  ),
  recent,
});
export type Measures = Of<typeof readMeasures>;

/** E.g. 4.25 → "4.3 s", 75 → "75 s", 1,200 → "20 min". */
export function secondsWords(seconds: number): string {
  if (seconds >= 600) return `${Math.round(seconds / 60)} min`;
  return seconds < 9.95 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`;
}

/** A part of a whole, e.g. "3 of 4 (75 %)". */
export function shareWords(part: number, whole: number): string {
  return whole === 0 ? "–" : `${part} of ${whole} (${Math.round((100 * part) / whole)} %)`;
}

/** Customers who left before a person had them. */
export function left({ recent: { abandoned } }: Measures): number {
  return abandoned.reduce((sum, [, count]) => sum + count, 0);
}

const OUTCOMES: Record<string, string> = {
  talked: "Talked with a person",
  handed_back: "Handed back to the bot",
  transferred: "Sent on to another system",
  stayed: "Stayed with the bot",
  callback: "Wants to be called back",
  message: "Left a message",
  cancelled: "Did not want a person any more",
  no_choice: "Said nothing to the alternatives",
  not_connected: "Could not be connected",
  failed: "Failed, by our fault",
};
const LEFT = "abandoned_";

export function outcomeWords(code: string): string {
  if (code.startsWith(LEFT)) return `Left: ${stateWords(code.slice(LEFT.length)).toLowerCase()}`;
  return OUTCOMES[code] ?? sentenceCase(words(code));
}
