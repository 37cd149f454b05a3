/**
 * What the customer of a spoken turn waited for, in four parts that add up to the time until our first sound.
 * A reply may be begun before the end of the turn is certain, so moments come in any order: the time before
 * each moment counts for the part that it ends.
 */
import type { Latency } from "./wire";

export const PARTS = ["hear", "decide", "think", "speak"] as const;
export type Part = (typeof PARTS)[number];

/** Which part ends at which moment. */
const ENDS: [moment: keyof Latency, part: Part][] = [
  ["final_transcript_ms", "hear"],
  ["decision_ms", "decide"],
  ["understood_ms", "think"],
  ["first_token_ms", "think"],
  ["first_clause_ms", "speak"],
  ["first_audio_ms", "speak"],
];

export interface Wait {
  totalMs: number;
  /** In the order of `PARTS`, those that took time. */
  parts: { part: Part; tookMs: number }[];
}

/** Null when nothing was heard. */
export function waited(latency: Latency): Wait | null {
  const totalMs = latency.first_audio_ms;
  if (totalMs === null) return null;
  const took: Record<Part, number> = { hear: 0, decide: 0, think: 0, speak: 0 };
  const moments = ENDS.flatMap(([moment, part]) => {
    const atMs = latency[moment];
    return atMs === null ? [] : [{ atMs, part }];
  }).sort((a, b) => a.atMs - b.atMs);
  let untilMs = 0;
  for (const { atMs, part } of moments) {
    const endMs = Math.min(Math.max(atMs, untilMs), totalMs);
    took[part] += endMs - untilMs;
    untilMs = endMs;
  }
  const parts = PARTS.map((part) => ({ part, tookMs: took[part] })).filter(({ tookMs }) => tookMs > 0);
  return { totalMs, parts };
}
