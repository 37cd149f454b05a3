/**
 * What customers are owed, as `GET /api/desk/follow-ups` tells it (docs/wire.md): its shape, its order, and
 * the words for it. Pure; times are the gateway's Unix time in seconds.
 */
import { type Of, list, number, object, or, string } from "../shape";
import type { Colleague } from "./deskWire";

const followUp = object({
  follow_up_id: string,
  session: string,
  /** `callback`, `message`, `task`, or what a newer gateway knows. */
  kind: string,
  queue: or(string, ""),
  due_at: number,
  created_at: number,
  created_by: or(string, ""),
  attempts: or(number, 0),
  number: or(string, null),
  words: or(string, ""),
  summary: or(list(string), []),
});
export type FollowUp = Of<typeof followUp>;

export const readFollowUps = object({ follow_ups: list(followUp) });
export const readCount = object({ open: number, due: number });
export type FollowUpCount = Of<typeof readCount>;

export const OUTCOMES = [
  ["done", "Done"],
  ["not_reached", "Not reached"],
  ["not_needed", "Not needed any more"],
] as const;
export type Outcome = (typeof OUTCOMES)[number][0];

/** Those whose time has come, and those that have time yet; each the next due first. */
export function byTime(followUps: FollowUp[], now: number): { due: FollowUp[]; later: FollowUp[] } {
  const sorted = [...followUps].sort(
    (a, b) => a.due_at - b.due_at || a.created_at - b.created_at || compare(a.follow_up_id, b.follow_up_id),
  );
  return {
    due: sorted.filter(({ due_at }) => due_at <= now),
    later: sorted.filter(({ due_at }) => due_at > now),
  };
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;

export function isOverdue({ due_at }: Pick<FollowUp, "due_at">, now: number): boolean {
  return now - due_at >= HOUR_S;
}

/** E.g. "Overdue by 3 h", "Due now", "Due in 2 days". */
export function dueWords(followUp: Pick<FollowUp, "due_at">, now: number): string {
  if (isOverdue(followUp, now)) return `Overdue by ${span(now - followUp.due_at)}`;
  return followUp.due_at <= now ? "Due now" : `Due in ${span(followUp.due_at - now)}`;
}

/** A length of time in its largest fitting unit. */
export function span(seconds: number): string {
  if (seconds < HOUR_S) return `${Math.max(1, Math.floor(seconds / 60))} min`;
  if (seconds < 2 * DAY_S) return `${Math.floor(seconds / HOUR_S)} h`;
  return `${Math.floor(seconds / DAY_S)} days`;
}

/** What is to be done, in one line. */
export function taskWords({ kind, created_by, number, words }: FollowUp): string {
  if (kind === "callback") return "Call the customer back";
  if (kind === "message") return "Answer the customer";
  // A callback that the gateway could not dial.
  if (created_by === "customer" && number !== null) return "Call the customer back by hand";
  return words === "" ? "Look after the customer" : words;
}

/** Who the customer is, as far as they said; empty where that is not known. */
export function customerWords({ kind, created_by, words }: FollowUp): string {
  return kind === "task" && created_by !== "customer" ? "" : words;
}

/** Who noted it. */
export function authorWords({ created_by }: FollowUp, me: string, colleagues: Colleague[]): string {
  if (created_by === "customer") return "wished by the customer";
  if (created_by === "bot") return "noted by the bot";
  if (created_by === me) return "noted by you";
  const name = colleagues.find(({ agent_id }) => agent_id === created_by)?.name;
  return `noted by ${name ?? "a colleague"}`;
}

/** E.g. "tried twice"; empty when nobody has. */
export function attemptWords({ attempts }: FollowUp): string {
  if (attempts <= 0) return "";
  if (attempts === 1) return "tried once";
  return attempts === 2 ? "tried twice" : `tried ${attempts} times`;
}

/** For the view's tab, e.g. "3 open, 1 due". */
export function countWords({ open, due }: FollowUpCount): string {
  return due > 0 ? `${open} open, ${due} due` : `${open} open`;
}
