/**
 * The wire as docs/wire.md describes it: what the page sends, what the gateway sends, and the checks that
 * stand between JSON from outside and the rest of the page. Types follow from the readers, so they agree.
 */
import { type Of, ShapeError, boolean, list, number, object, oneOf, or, record, string } from "./shape";

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

const channel = oneOf("voice", "chat");
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
  first_audio_ms: or(number, null),
});

const cited = object({
  passage_id: string,
  title: string,
  heading: or(string, ""),
  article: string,
});

const fault = oneOf("client", "gateway", "dependency");

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
  "transcript.partial": object({ stable_chars: or(number, 0), pii: words }),
  "turn.customer": object({ turn_id: string, channel, client_id: or(string, null), pii: words }),
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
  activity: object({ state: oneOf("listening", "thinking", "speaking", "typing", "idle") }),
  trouble: object({ code: string, message: string, retry: or(boolean, false) }),
  "session.started": object({ channel }),
  "leg.joined": object({
    leg_id: string,
    role: oneOf("customer", "bot", "human", "supervisor"),
    kind: oneOf("webrtc", "chat", "sip", "stream"),
  }),
  "leg.left": object({ leg_id: string, by: string, reason: string }),
  "call.waiting": object({ leg_id: string, position: number }),
  "call.admitted": object({ leg_id: string, waited_ms: number }),
  "call.refused": object({ leg_id: string, reason: string, message: string }),
  "call.picked_up": object({
    leg_id: string,
    answerer: oneOf("person", "machine", "fax", "network", "unknown"),
    by: oneOf("length", "words", "tone", "silence"),
    after_ms: number,
  }),
  "session.ended": object({ outcome: string, reason: string, by: string }),
};

type Named<T> = { [K in keyof T]: { type: K } & Of<T[K]> }[keyof T];

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

function has<T extends object>(table: T, key: string): key is Extract<keyof T, string> {
  return Object.hasOwn(table, key);
}

/** Parses one text frame of the chat websocket. Throws `ShapeError` for anything that is not the wire's. */
export function parseGatewayMessage(json: string): GatewayMessage {
  const value = parseJson(json);
  const { type } = envelope(value, "message");
  if (has(FRAMES, type)) {
    return { kind: "frame", frame: { ...FRAMES[type](value, type), type } as Frame };
  }
  const { seq, at } = place(value, type);
  if (!has(FACTS, type)) return { kind: "unknown", type, seq };
  return { kind: "event", event: { seq, at, fact: { ...FACTS[type](value, type), type } as Fact } };
}

// --- voice -------------------------------------------------------------------------------------------

export interface Offer {
  sdp: string;
  type: "offer";
  pc_id: string | null;
  restart_pc: boolean;
  request_data: { session: string; token: string };
}

export interface Candidates {
  pc_id: string;
  candidates: { candidate: string; sdp_mid: string | null; sdp_mline_index: number | null }[];
}

const answer = object({ sdp: string, type: oneOf("answer"), pc_id: string, session: string, token: string });
export type Answer = Of<typeof answer>;

const iceServers = object({
  iceServers: list(
    object({
      urls: (value, at) => (typeof value === "string" ? value : list(string)(value, at)),
      username: or(string, null),
      credential: or(string, null),
    }),
  ),
});

const problem = object({
  error: object({ code: string, fault, message: string, retry: or(boolean, false) }),
});
export type Problem = Of<typeof problem>["error"];

/** The answer to an offer. Throws `ShapeError`. */
export function parseAnswer(json: string): Answer {
  return answer(parseJson(json), "answer");
}

/** The body of `GET /api/ice`, in the form a peer connection takes. Throws `ShapeError`. */
export function parseIceServers(json: string): RTCIceServer[] {
  return iceServers(parseJson(json), "ice").iceServers.map(({ urls, username, credential }) => ({
    urls,
    ...(username === null ? {} : { username }),
    ...(credential === null ? {} : { credential }),
  }));
}

/** The body of a failed HTTP request, or null when it is not one of ours (a proxy's page, say). */
export function parseProblem(json: string): Problem | null {
  try {
    return problem(parseJson(json), "problem").error;
  } catch (error) {
    if (error instanceof ShapeError) return null;
    throw error;
  }
}

/** Says of an RTVI message on the data channel whether it tells that the gateway hung up. */
export function isPeerLeft(json: string): boolean {
  const leaving = object({ type: oneOf("signalling"), message: object({ type: oneOf("peerLeft") }) });
  try {
    leaving(parseJson(json), "data channel");
    return true;
  } catch (error) {
    if (error instanceof ShapeError) return false;
    throw error;
  }
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    throw new ShapeError("the message is not JSON");
  }
}
