/**
 * The desk's part of the wire ("Desk" in docs/wire.md, `gateway/desk/messages.py`): what the desk asks for,
 * what the gateway sends, and the checks between JSON from outside and the page.
 */
import {
  type Of,
  type Read,
  boolean,
  list,
  number,
  object,
  oneOf,
  or,
  parseJson,
  record,
  string,
} from "../shape";
import { type Named, type SessionEvent, channel, cited, fault, has, readEvent } from "../wire";
import { readBriefing } from "./briefing";

// --- desk to gateway ---------------------------------------------------------------------------------

export type PresenceState = "available" | "away";
export type DeclineReason = "busy" | "wrong_skill" | "break" | "other";
export type SuperviseMode = "monitor" | "whisper" | "barge" | "take_over" | "off";

/** What an agent does; each is answered by `done` or `error` with its id. */
export type Action =
  | { type: "presence"; state: PresenceState; voice: boolean }
  | { type: "accept"; lease: string }
  | { type: "decline"; lease: string; reason: DeclineReason }
  | { type: "connect"; session: string }
  | { type: "message"; session: string; text: string }
  | { type: "note"; session: string; text: string }
  | { type: "ask"; session: string; text: string }
  | { type: "hold"; session: string; on: boolean }
  | { type: "mute"; session: string; on: boolean }
  | { type: "press"; session: string; digits: string }
  | { type: "transfer"; session: string; note: string; queue: string }
  | { type: "transfer"; session: string; note: string; agent: string }
  | { type: "consult"; session: string; agent: string }
  | { type: "consult_answer"; session: string; consult: string; answer: "accept" | "decline" }
  /** Who was asked leaves by `back`. */
  | { type: "consult_end"; session: string; how: "back" | "hand_over" }
  | { type: "hand_back"; session: string; note: string }
  | { type: "end"; session: string }
  | {
      type: "wrap_up";
      session: string;
      disposition: string;
      notes: string;
      follow_up?: { task: string; due?: string };
    }
  | {
      type: "run_tool";
      session: string;
      tool: string;
      arguments: Record<string, unknown>;
      /** The customer said yes to exactly this. */
      confirmed: boolean;
    }
  | { type: "supervise"; session: string; mode: SuperviseMode }
  | { type: "watch"; session: string; after: number };

export type Command = Action & { id: string };

export type DeskMessage =
  | Command
  | { type: "unwatch"; session: string }
  | { type: "typing"; session: string; on: boolean }
  | { type: "ping"; id: string };

// --- gateway to desk ---------------------------------------------------------------------------------

const role = oneOf("agent", "supervisor", "admin");
const agent = object({ agent_id: string, name: string, role });
export type Agent = Of<typeof agent>;

const places = or(object({ voice: or(number, 0), chat: or(number, 0) }), { voice: 0, chat: 0 });

const me = object({
  state: oneOf("available", "away"),
  voice: or(boolean, false),
  audio: or(boolean, false),
  reason: or(string, null),
});
export type Me = Of<typeof me>;

const tool = object({
  tool: string,
  description: or(string, ""),
  effect: or(oneOf("read", "attempt", "write"), "read"),
  parameters: or(record, {}),
});
export type ToolInfo = Of<typeof tool>;

const colleague = object({
  agent_id: string,
  name: string,
  state: oneOf("available", "away", "offline"),
  queues: or(list(string), []),
  contacts: places,
  capacity: places,
});
export type Colleague = Of<typeof colleague>;

const waiting = object({
  handoff_id: string,
  session: string,
  queue: string,
  channel,
  reason: or(string, ""),
  since: number,
  position: or(number, null),
  priority: or(number, 0),
});
export type Waiting = Of<typeof waiting>;

const CONTACT = {
  session: string,
  channel,
  state: string,
  floor: oneOf("bot", "human", "none"),
  since: number,
  handoff_id: or(string, null),
  agent_id: or(string, null),
  agent: or(string, null),
  queue: or(string, null),
  reason: or(string, null),
  customer: or(string, null),
  until: or(number, null),
  hold: or(boolean, false),
  muted: or(boolean, false),
  supervisors: or(number, 0),
  outcome: or(string, null),
};
const live = object(CONTACT);
export type LiveSession = Of<typeof live>;

const former = object({
  session: string,
  at: number,
  channel,
  outcome: or(string, null),
  summary: or(string, null),
});
export type FormerContact = Of<typeof former>;

const queue = object({ queue: string, title: or(string, "") });
export type QueueInfo = Of<typeof queue>;
const disposition = object({ code: string, title: or(string, "") });
export type Disposition = Of<typeof disposition>;
const canned = object({ key: string, title: or(string, ""), text: string });
export type Canned = Of<typeof canned>;

const offer = object({
  lease: string,
  handoff_id: string,
  session: string,
  channel,
  queue: or(string, ""),
  reason: or(string, ""),
  since: or(number, null),
  until: number,
  briefing: readBriefing,
});
export type Offer = Of<typeof offer>;

const consult = object({
  consult: string,
  session: string,
  state: oneOf("asked", "talking", "over"),
  /** Who asks, and who is asked. */
  agent_id: string,
  agent: string,
  colleague_id: string,
  colleague: string,
  customer: or(string, null),
  queue: or(string, ""),
  reason: or(string, ""),
  since: number,
  until: or(number, null),
  /** How it ended. */
  why: or(string, null),
  /** The agent here asks; else they are asked. */
  mine: boolean,
  briefing: or(readBriefing, null),
});
export type Consult = Of<typeof consult>;

const FRAMES = {
  welcome: object({
    agent,
    presence: me,
    now: or(number, null),
    queues: or(list(queue), []),
    dispositions: or(list(disposition), []),
    canned: or(list(canned), []),
    tools: or(list(tool), []),
    voice: or(boolean, false),
    /**
     * Leases that still ring, handoffs that are still on the desk, consults that last; null from a gateway that
     * does not say.
     */
    offers: or(list(string), null),
    contacts: or(list(string), null),
    consults: or(list(string), null),
  }),
  me,
  presence: object({ agents: list(colleague) }),
  queue: object({ waiting: list(waiting) }),
  sessions: object({ live: list(live) }),
  contact: object({ ...CONTACT, mine: or(boolean, true) }),
  offer,
  "offer.ended": object({ lease: string, why: string }),
  consult,
  event: object({ session: string, event: readEvent }),
  briefing: object({ session: string, briefing: readBriefing }),
  history: object({ session: string, contacts: list(former) }),
  typing: object({ session: string, on: boolean }),
  answer: object({ session: string, id: string, text: string, citations: or(list(cited), []) }),
  tool: object({
    session: string,
    id: string,
    tool: or(string, ""),
    outcome: oneOf("done", "refused", "failed"),
    code: or(string, null),
    message: or(string, null),
    receipt_id: or(string, null),
    values: or(record, {}),
  }),
  done: object({ id: string }),
  error: object({
    id: or(string, null),
    session: or(string, null),
    code: string,
    fault: or(fault, "gateway"),
    message: string,
    retry: or(boolean, false),
  }),
  pong: object({ id: or(string, null) }),
} satisfies Record<string, Read<object>>;

export type DeskFrame = Named<typeof FRAMES>;
export type FrameOf<T extends DeskFrame["type"]> = Extract<DeskFrame, { type: T }>;
export type ContactFrame = FrameOf<"contact">;
export type DeskEvent = { session: string; event: SessionEvent };

const envelope = object({ type: string });

/**
 * One text frame of the desk's websocket; null for a type that this page is too old for. Throws `ShapeError`.
 */
export function parseDeskFrame(json: string): DeskFrame | null {
  const value = parseJson(json);
  const { type } = envelope(value, "message");
  if (!has(FRAMES, type)) return null;
  return { ...FRAMES[type](value, type), type } as DeskFrame;
}

const account = object({
  agent: object({ agent_id: string, name: string, role }),
  /** What the gateway lets them do; the page hides the rest. */
  may: or(list(string), [] as string[]),
});
export type Account = Of<typeof account>;

/** The body of a sign-in, or of `GET /api/desk/me`. Throws `ShapeError`. */
export function parseAccount(json: string): Account {
  return account(parseJson(json), "account");
}
