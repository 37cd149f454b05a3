/**
 * What the page shows of a session, folded from its events: a pure function of the former view and one
 * action, without clock, network or randomness. Chat and voice feed the same fold, so the conversation is
 * one whichever way somebody speaks. Repeated events are dropped before they get here (see chat.ts).
 */
import type { Channel, Cited, Fact, FactOf, Latency, SessionEvent } from "./wire";

export interface ToolRun {
  callId: string;
  tool: string;
  effect: "read" | "attempt" | "write";
  arguments: Record<string, unknown>;
  /** Null while it runs. */
  result: {
    outcome: "done" | "refused" | "failed";
    code: string | null;
    receiptId: string | null;
    elapsedMs: number;
    values: Record<string, unknown>;
  } | null;
}

export interface CustomerItem {
  kind: "customer";
  key: string;
  at: number;
  channel: Channel;
  text: string;
  understood: string[];
}

export interface ReplyItem {
  kind: "reply";
  /** The reply's `turn_id`. */
  key: string;
  /** `turn_id` of the customer's turn, if it answers one. */
  answers: string | null;
  at: number;
  /** So far; once `done`, what the customer heard or could read. */
  text: string;
  done: boolean;
  interrupted: boolean;
  /** Spoken replies: how much of it was played. */
  heardMs: number | null;
  source: string | null;
  citations: Cited[];
  latency: Latency | null;
  tools: ToolRun[];
}

export interface NoteItem {
  kind: "note";
  key: string;
  at: number;
  tone: "plain" | "trouble";
  /** What happened; the page puts it into words. */
  fact: FactOf<
    | "identity.verified"
    | "handoff.requested"
    | "trouble"
    | "session.ended"
    | "leg.joined"
    | "leg.left"
    | "call.refused"
  >;
}

export type Item = CustomerItem | ReplyItem | NoteItem;

/** A message that the gateway's log does not show yet. */
export interface Pending {
  id: string;
  text: string;
  at: number;
  state: "sending" | "stored" | "refused";
  reason: string | null;
}

export interface Partial {
  text: string;
  /** So many leading characters will not change any more. */
  stableChars: number;
}

export interface View {
  session: string | null;
  items: Item[];
  pending: Pending[];
  partial: Partial | null;
  /** The customer is speaking right now. */
  hearing: boolean;
  activity: FactOf<"activity">["state"];
  /** The request under way, if any. */
  workflow: { name: string; awaiting: string | null } | null;
  /** Of the last spoken turn whose answer was heard. */
  latency: Latency | null;
  person: "none" | "requested" | "joined";
  /** Legs by which the customer or a person takes part now: `leg_id` to what it is. */
  legs: Record<string, FactOf<"leg.joined">>;
  /** Where the customer's call stands in the queue, 1 the next one; null when it does not wait. */
  queue: number | null;
  ended: FactOf<"session.ended"> | null;
}

export type Action =
  | { type: "event"; event: SessionEvent }
  /** The gateway named the session that goes on from here. */
  | { type: "session"; session: string }
  | { type: "sent"; id: string; text: string; at: number }
  | { type: "stored"; id: string }
  | { type: "refused"; id: string; reason: string }
  | { type: "discarded"; id: string }
  | { type: "call.over" };

export const EMPTY: View = {
  session: null,
  items: [],
  pending: [],
  partial: null,
  hearing: false,
  activity: "idle",
  workflow: null,
  latency: null,
  person: "none",
  legs: {},
  queue: null,
  ended: null,
};

export function reduce(view: View, action: Action): View {
  switch (action.type) {
    case "event":
      return fold(view, action.event.fact, action.event);
    case "session":
      // The passing things of the old connection (a caption, an activity) are not repeated after a resume.
      if (view.session === action.session) return quiet(view);
      return { ...EMPTY, session: action.session, pending: view.pending };
    case "sent": {
      const { id, text, at } = action;
      return {
        ...view,
        pending: [...without(view.pending, id), { id, text, at, state: "sending", reason: null }],
      };
    }
    case "stored":
      return {
        ...view,
        pending: view.pending.map((p) => (p.id === action.id ? { ...p, state: "stored" } : p)),
      };
    case "refused": {
      const refusal = { state: "refused", reason: action.reason } as const;
      return { ...view, pending: view.pending.map((p) => (p.id === action.id ? { ...p, ...refusal } : p)) };
    }
    case "discarded":
      return { ...view, pending: without(view.pending, action.id) };
    case "call.over":
      return quiet({ ...view, queue: null });
  }
}

/** The reply under way, if there is one. */
export function openReply(view: View): ReplyItem | null {
  const last = view.items.findLast((item) => item.kind === "reply");
  return last !== undefined && !last.done ? last : null;
}

/** Whether a person (not the bot) is in the conversation. */
export function personIsHere(view: View): boolean {
  return Object.values(view.legs).some((leg) => leg.role === "human");
}

function fold(view: View, fact: Fact, event: SessionEvent): View {
  switch (fact.type) {
    case "speech.started":
      return { ...view, hearing: true };
    case "speech.stopped":
      return { ...view, hearing: false };
    case "transcript.partial":
      return { ...view, partial: { text: fact.pii.text, stableChars: fact.stable_chars } };
    case "turn.customer":
      return customerTurn(view, fact, event.at);
    case "turn.understood":
      return { ...view, items: understood(view.items, fact) };
    case "reply.started":
      return withReply(
        { ...view, partial: null, items: closeReplies(view.items, fact.turn_id) },
        fact,
        event,
        same,
      );
    case "reply.delta":
      return withReply(view, fact, event, (reply) =>
        reply.done ? reply : { ...reply, text: splice(reply.text, fact.offset, fact.text) },
      );
    case "reply.done":
      return replyDone(view, fact, event);
    case "tool.called":
      return withTools(view, fact, event, (tools) => toolCalled(tools, fact));
    case "tool.finished":
      return withTools(view, fact, event, (tools) => toolFinished(tools, fact));
    case "workflow.changed":
      return {
        ...view,
        workflow: fact.state === "active" ? { name: fact.workflow, awaiting: fact.awaiting } : null,
      };
    case "activity":
      return { ...view, activity: fact.state };
    case "leg.joined":
      return legJoined(view, fact, event);
    case "leg.left":
      return legLeft(view, fact, event);
    case "call.waiting":
      return { ...view, queue: fact.position };
    case "call.admitted":
      return { ...view, queue: null };
    case "call.refused":
      return note({ ...view, queue: null }, fact, event);
    case "handoff.requested":
      return note({ ...view, person: view.person === "joined" ? "joined" : "requested" }, fact, event);
    case "identity.verified":
      return noteBeforeReply(view, fact, event);
    case "trouble":
      return note(view, fact, event);
    case "session.ended":
      return note({ ...quiet(view), ended: fact, items: closeReplies(view.items, null) }, fact, event);
    case "session.started":
    case "call.picked_up":
      return view;
  }
}

function quiet(view: View): View {
  return { ...view, partial: null, hearing: false, activity: "idle" };
}

const same = (reply: ReplyItem): ReplyItem => reply;

function without(pending: Pending[], id: string | null): Pending[] {
  return pending.filter((message) => message.id !== id);
}

function customerTurn(view: View, fact: FactOf<"turn.customer">, at: number): View {
  const item: CustomerItem = {
    kind: "customer",
    key: fact.turn_id,
    at,
    channel: fact.channel,
    text: fact.pii.text,
    understood: [],
  };
  const spoken = fact.channel === "voice" ? { partial: null, hearing: false } : {};
  return { ...view, ...spoken, items: [...view.items, item], pending: without(view.pending, fact.client_id) };
}

function understood(items: Item[], fact: FactOf<"turn.understood">): Item[] {
  return items.map((item) =>
    item.kind === "customer" && item.key === fact.turn_id ? { ...item, understood: fact.commands } : item,
  );
}

function replyDone(view: View, fact: FactOf<"reply.done">, event: SessionEvent): View {
  const next = withReply(view, fact, event, (reply) => ({
    ...reply,
    text: fact.pii.text,
    done: true,
    interrupted: fact.interrupted,
    heardMs: fact.heard_ms,
    source: fact.source,
    citations: fact.citations,
    latency: fact.latency,
  }));
  return fact.latency?.first_audio_ms == null ? next : { ...next, latency: fact.latency };
}

/** Changes the reply that `fact` speaks of, and begins it where its start was not seen. */
function withReply(
  view: View,
  fact: { turn_id: string; answers?: string | null },
  event: SessionEvent,
  change: (reply: ReplyItem) => ReplyItem,
): View {
  const known = view.items.some((item) => item.kind === "reply" && item.key === fact.turn_id);
  const items = known ? view.items : [...view.items, newReply(fact, event.at)];
  return {
    ...view,
    items: items.map((item) => (item.kind === "reply" && item.key === fact.turn_id ? change(item) : item)),
  };
}

/** A tool call names the reply it serves, or the customer's turn that this reply answers. */
function withTools(
  view: View,
  fact: { turn_id: string },
  event: SessionEvent,
  change: (tools: ToolRun[]) => ToolRun[],
): View {
  const { turn_id } = fact;
  const served = view.items.findLast(
    (item) => item.kind === "reply" && (item.key === turn_id || item.answers === turn_id),
  );
  return withReply(view, { turn_id: served?.key ?? turn_id }, event, (reply) => ({
    ...reply,
    tools: change(reply.tools),
  }));
}

function newReply(fact: { turn_id: string; answers?: string | null }, at: number): ReplyItem {
  return {
    kind: "reply",
    key: fact.turn_id,
    answers: fact.answers ?? null,
    at,
    text: "",
    done: false,
    interrupted: false,
    heardMs: null,
    source: null,
    citations: [],
    latency: null,
    tools: [],
  };
}

/** One reply is under way at a time: when another begins, an unfinished one was cut off (a crash, say). */
function closeReplies(items: Item[], except: string | null): Item[] {
  return items.map((item) =>
    item.kind === "reply" && !item.done && item.key !== except
      ? { ...item, done: true, interrupted: true }
      : item,
  );
}

function toolCalled(tools: ToolRun[], fact: FactOf<"tool.called">): ToolRun[] {
  const run: ToolRun = {
    callId: fact.call_id,
    tool: fact.tool,
    effect: fact.effect,
    arguments: fact.pii.values,
    result: null,
  };
  return [...tools.filter((other) => other.callId !== fact.call_id), run];
}

function toolFinished(tools: ToolRun[], fact: FactOf<"tool.finished">): ToolRun[] {
  const result = {
    outcome: fact.outcome,
    code: fact.code,
    receiptId: fact.receipt_id,
    elapsedMs: fact.elapsed_ms,
    values: fact.pii.values,
  };
  return tools.map((run) => (run.callId === fact.call_id ? { ...run, result } : run));
}

function legJoined(view: View, fact: FactOf<"leg.joined">, event: SessionEvent): View {
  const next = { ...view, legs: { ...view.legs, [fact.leg_id]: fact } };
  return fact.role === "human" ? note({ ...next, person: "joined" }, fact, event) : next;
}

function legLeft(view: View, fact: FactOf<"leg.left">, event: SessionEvent): View {
  const { [fact.leg_id]: left, ...legs } = view.legs;
  const next = { ...view, legs, queue: left?.role === "customer" ? null : view.queue };
  if (left?.role !== "human") return next;
  return note({ ...next, person: personIsHere(next) ? "joined" : "none" }, fact, event);
}

function note(view: View, fact: NoteItem["fact"], event: SessionEvent): View {
  return { ...view, items: [...view.items, newNote(fact, event)] };
}

/** What a reply rests on stands before it, also while its words are still to come. */
function noteBeforeReply(view: View, fact: NoteItem["fact"], event: SessionEvent): View {
  const reply = openReply(view);
  if (reply === null) return note(view, fact, event);
  return {
    ...view,
    items: view.items.flatMap((item) => (item === reply ? [newNote(fact, event), item] : [item])),
  };
}

function newNote(fact: NoteItem["fact"], event: SessionEvent): NoteItem {
  return {
    kind: "note",
    key: `${fact.type}-${event.seq}-${event.at}`,
    at: event.at,
    tone: fact.type === "trouble" ? "trouble" : "plain",
    fact,
  };
}

/**
 * Puts `text` at `offset` of `whole` and drops what stood behind. The wire counts Unicode code points, a
 * JavaScript string UTF-16 units. Words beyond a gap are left out: `reply.done` brings the whole text.
 */
function splice(whole: string, offset: number, text: string): string {
  const points = Array.from(whole);
  return offset > points.length ? whole : points.slice(0, offset).join("") + text;
}

/** Splits a caption into the characters that will not change any more and those that may. */
export function firmness(partial: Partial): [firm: string, soft: string] {
  const points = Array.from(partial.text);
  return [points.slice(0, partial.stableChars).join(""), points.slice(partial.stableChars).join("")];
}
