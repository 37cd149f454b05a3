/**
 * The briefing packet as `pipelines/briefing.py` writes it: what somebody has to know before they talk with
 * the customer. Read leniently: what is missing is shown as unknown, and a packet that cannot be read at all
 * never keeps an offer from ringing.
 */
import { type Of, type Read, ShapeError, boolean, list, number, object, or, record, string } from "../shape";

const turn = or(string, null);

const packet = object({
  who: or(
    object({
      name: or(string, null),
      customer_id: or(string, null),
      verified: or(boolean, false),
      method: or(string, null),
      failed_tries: or(number, 0),
      email: or(string, null),
      phone: or(string, null),
      claims: or(record, {}),
    }),
    null,
  ),
  why: or(
    object({
      intent: or(string, null),
      words: or(string, null),
      source_turn: turn,
      reason: or(string, null),
      earlier: or(list(object({ intent: or(string, null), words: or(string, ""), source_turn: turn })), []),
    }),
    null,
  ),
  facts: or(
    list(
      object({ key: string, value: plain, source_turn: turn, confirmed: or(boolean, false), source: turn }),
    ),
    [],
  ),
  done: or(
    list(
      object({
        tool: string,
        receipt: or(string, null),
        text: or(string, ""),
        source_turn: turn,
        by: or(string, "bot"),
      }),
    ),
    [],
  ),
  failed: or(
    list(
      object({
        tool: or(string, null),
        code: or(string, null),
        text: or(string, ""),
        source_turn: turn,
        times: or(number, 1),
      }),
    ),
    [],
  ),
  promised: or(list(object({ text: string, source_turn: turn, by: or(string, "bot") })), []),
  policy_limits: or(list(object({ code: or(string, null), text: or(string, ""), source_turn: turn })), []),
  notes: or(list(object({ purpose: or(string, ""), agent: or(string, ""), text: string })), []),
  sentiment: or(object({ label: string }), null),
  language: or(string, null),
  next_best_action: or(string, null),
  open_question: or(object({ text: string, source_turn: turn, by: or(string, "customer") }), null),
  summary: or(list(string), []),
  redactions: or(list(object({ field: string, how: or(string, "withheld") })), []),
});

export type Briefing = Of<typeof packet>;

/** Any scalar as text. */
function plain(value: unknown, at: string): string {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    return String(value);
  throw new ShapeError(`${at}: expected a plain value`);
}

/** Null for a packet that cannot be read. */
export const readBriefing: Read<Briefing | null> = (value, at) => {
  try {
    return packet(value, at);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    console.warn("warmline: a briefing that is not in the wire's shape was left out:", error.message);
    return null;
  }
};

/** Where a fact comes from: found by the bot's tools, or said by the customer and confirmed or not. */
export function standing({ source, confirmed }: Briefing["facts"][number]): "found" | "confirmed" | "said" {
  if (source === "tool") return "found";
  return confirmed ? "confirmed" : "said";
}

/** What a wrap-up begins with: the summary, and what was done, as lines to edit. */
export function draftNotes(briefing: Briefing | null): string {
  if (briefing === null) return "";
  const done = briefing.done.map(({ text, tool, receipt }) => {
    const what = text === "" ? tool : text;
    return receipt === null || what.includes(receipt) ? `Done: ${what}` : `Done: ${what} (${receipt})`;
  });
  const promised = briefing.promised.map(({ text }) => `Promised: ${text}`);
  return [...new Set([...briefing.summary.filter((line) => line !== ""), ...done, ...promised])].join("\n");
}
