/**
 * The wire as docs/wire.md describes it: what the page sends, what the gateway sends, and the checks that
 * stand between JSON from outside and the rest of the page. Types follow from the readers, so they agree.
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
} from "./shape";

export const PROTOCOL = 1;

/** The gateway refuses longer messages. */
export const MESSAGE_MAX_CHARS = 4000;

// --- page to gateway ---------------------------------------------------------------------------------

export type ClientMessage =
  | { type: "hello"; protocol: number }
  | { type: "hello"; protocol: number; session: string; token: string; last_seq: number }
  | { type: "message"; id: string; text: string }
  | { type: "typing"; on: boolean }
  | { type: "cancel" }
  | { type: "ping"; id: string };

// --- gateway to page ---------------------------------------------------------------------------------

export const channel = oneOf("voice", "chat");
const words = or(object({ text: or(string, "") }), { text: "" });
const values = or(object({ values: or(record, {}) }), { values: {} });

const latency = object({
  decision_ms: or(number, null),
  drafted_ms: or(number, null),
  final_transcript_ms: or(number, null),
  understood_ms: or(number, null),
  tools_ms: or(number, null),
  first_token_ms: or(number, null),
  first_clause_ms: or(number, null),
  filler_ms: or(number, null),
  first_audio_ms: or(number, null),
});

export const cited = object({
  passage_id: string,
  title: string,
  heading: or(string, ""),
  article: string,
});

export const fault = oneOf("client", "gateway", "dependency");

const FRAMES = {
  welcome: object({ session: string, token: string, seq: number, resumed: boolean }),
  ack: object({ id: string, seq: number, duplicate: or(boolean, false) }),
  error: object({
    code: string,
    fault,
    message: string,
    retry: or(boolean, false),
    id: or(string, null),
  }),
  pong: object({ id: string }),
};

const FACTS = {
  "speech.started": object({}),
  "speech.stopped": object({}),
  "transcript.partial": object({
    stable_chars: or(number, 0),
    party: or(oneOf("human"), null),
    pii: words,
  }),
  "turn.customer": object({ turn_id: string, channel, client_id: or(string, null), pii: words }),
  "turn.human": object({
    turn_id: string,
    channel,
    agent_id: string,
    agent: string,
    client_id: or(string, null),
    pii: words,
  }),
  "note.added": object({ purpose: string, agent_id: string, agent: string, pii: words }),
  suggestion: object({
    turn_id: string,
    kind: oneOf("reply", "answer"),
    citations: or(list(cited), []),
    pii: words,
  }),
  "turn.understood": object({ turn_id: string, commands: list(string), by: string, confidence: number }),
  "reply.started": object({ turn_id: string, answers: or(string, null) }),
  "reply.delta": object({ turn_id: string, offset: number, text: string }),
  "reply.done": object({
    turn_id: string,
    answers: or(string, null),
    interrupted: or(boolean, false),
    heard_ms: or(number, null),
    source: or(string, "model"),
    citations: or(list(cited), []),
    latency: or(latency, null),
    pii: words,
  }),
  "workflow.changed": object({
    workflow: string,
    state: oneOf("active", "done", "cancelled", "failed", "refused"),
    awaiting: or(string, null),
    pii: values,
  }),
  "tool.called": object({
    turn_id: string,
    call_id: string,
    tool: string,
    effect: oneOf("read", "attempt", "write"),
    agent_id: or(string, null),
    pii: values,
  }),
  "tool.finished": object({
    turn_id: string,
    call_id: string,
    tool: string,
    outcome: oneOf("done", "refused", "failed"),
    code: or(string, null),
    receipt_id: or(string, null),
    elapsed_ms: or(number, 0),
    pii: values,
  }),
  "identity.verified": object({ method: string }),
  "handoff.requested": object({ reason: string }),
  "handoff.changed": object({
    handoff_id: string,
    state: string,
    floor: oneOf("bot", "human", "none"),
    reason: or(string, ""),
    agent_id: or(string, null),
    agent: or(string, null),
    outcome: or(string, null),
  }),
  "handoff.chosen": object({ choice: string }),
  "handoff.position": object({ handoff_id: string, position: number, wait_s: or(number, null) }),
  activity: object({ state: oneOf("listening", "thinking", "speaking", "typing", "idle") }),
  trouble: object({ code: string, message: string, retry: or(boolean, false) }),
  "session.started": object({ channel }),
  "leg.joined": object({
    leg_id: string,
    role: oneOf("customer", "bot", "human", "supervisor"),
    kind: oneOf("webrtc", "chat", "sip", "stream"),
  }),
  "leg.left": object({ leg_id: string, role: or(string, null), by: string, reason: string }),
  "call.waiting": object({ leg_id: string, position: number }),
  "call.admitted": object({ leg_id: string, waited_ms: number }),
  "call.refused": object({ leg_id: string, reason: string, message: string }),
  "call.picked_up": object({
    leg_id: string,
    answerer: oneOf("person", "machine", "fax", "network", "unknown"),
    by: oneOf("length", "words", "tone", "silence"),
    after_ms: number,
  }),
  "file.shared": object({
    file_id: string,
    by: oneOf("customer", "agent"),
    agent_id: or(string, null),
    agent: or(string, null),
    size: number,
    media_type: string,
    pii: or(object({ name: or(string, null) }), { name: null }),
  }),
  "session.ended": object({ outcome: string, reason: string, by: string }),
};

/** A table of readers by `type`, as the union of what they read. */
export type Named<T> = { [K in keyof T]: { type: K } & Of<T[K]> }[keyof T];

export type Fact = Named<typeof FACTS>;
export type FactType = Fact["type"];
export type FactOf<T extends FactType> = Extract<Fact, { type: T }>;
export type Latency = Of<typeof latency>;
export type Cited = Of<typeof cited>;
export type Channel = Of<typeof channel>;

/** A fact with its place in the session; `seq` 0 marks a passing one. */
export interface SessionEvent {
  seq: number;
  /** Unix time, seconds. */
  at: number;
  fact: Fact;
}

export type Frame = Named<typeof FRAMES>;
export type ErrorFrame = Extract<Frame, { type: "error" }>;

/** Everything a chat websocket can bring; `unknown` is an event type that this page is too old for. */
export type GatewayMessage =
  | { kind: "frame"; frame: Frame }
  | { kind: "event"; event: SessionEvent }
  | { kind: "unknown"; type: string; seq: number };

const envelope = object({ type: string });
const place = object({ seq: number, at: number });

/** Whether `key` is one of the table's own. */
export function has<T extends object>(table: T, key: string): key is Extract<keyof T, string> {
  return Object.hasOwn(table, key);
}

/** Parses one text frame of the chat websocket. Throws `ShapeError` for anything that is not the wire's. */
export function parseGatewayMessage(json: string): GatewayMessage {
  const value = parseJson(json);
  const { type } = envelope(value, "message");
  if (!has(FRAMES, type)) return readEvent(value, "message");
  return { kind: "frame", frame: { ...FRAMES[type](value, type), type } as Frame };
}

/** One event of a session, wherever it stands. */
export const readEvent: Read<Exclude<GatewayMessage, { kind: "frame" }>> = (value, at) => {
  const { type } = envelope(value, at);
  const found = place(value, type);
  if (!has(FACTS, type)) return { kind: "unknown", type, seq: found.seq };
  return { kind: "event", event: { ...found, fact: { ...FACTS[type](value, type), type } as Fact } };
};
