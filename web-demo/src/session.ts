/**
 * What a page shows of a session, folded from its events: a pure function of the former view and one
 * action, without clock, network or randomness. Chat and voice feed the same fold, so the conversation is
 * one whichever way somebody speaks. Repeated events are dropped before they get here (see chat.ts).
 */
import * as lines from "./lines";
import type { Item, NoteItem } from "./lines";
import type { Fact, FactOf, Latency, SessionEvent } from "./wire";

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

/** Where the customer's way to a person, or back from one, stands. */
export interface Handoff {
  id: string;
  state: string;
  floor: FactOf<"handoff.changed">["floor"];
  /** The person's name, once there is one. */
  agent: string | null;
  /** In line, 1 the next one; null when the customer does not wait. */
  position: number | null;
  waitS: number | null;
}

export interface View {
  session: string | null;
  items: Item[];
  pending: Pending[];
  /** What the customer is saying. */
  partial: Partial | null;
  /** What the person who talks with the customer is saying. */
  humanPartial: Partial | null;
  /** The customer is speaking right now. */
  hearing: boolean;
  activity: FactOf<"activity">["state"];
  /** The request under way, if any. */
  workflow: { name: string; awaiting: string | null } | null;
  /** Of the last spoken turn whose answer was heard. */
  latency: Latency | null;
  person: "none" | "requested" | "joined";
  handoff: Handoff | null;
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
  humanPartial: null,
  hearing: false,
  activity: "idle",
  workflow: null,
  latency: null,
  person: "none",
  handoff: null,
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

/** Whether a person (not the bot) is in the conversation. */
export function personIsHere(view: View): boolean {
  return view.handoff?.floor === "human" || Object.values(view.legs).some((leg) => leg.role === "human");
}

function fold(view: View, fact: Fact, event: SessionEvent): View {
  const { items } = view;
  switch (fact.type) {
    case "speech.started":
      return { ...view, hearing: true };
    case "speech.stopped":
      return { ...view, hearing: false };
    case "transcript.partial":
      return partial(view, fact);
    case "turn.customer":
      return customerTurn(view, fact, event.at);
    case "turn.human":
      return humanTurn(view, fact, event.at);
    case "file.shared":
      return { ...view, items: lines.fileShared(items, fact, event.at) };
    case "turn.understood":
      return { ...view, items: lines.understood(items, fact) };
    case "reply.started":
      return { ...view, partial: null, items: lines.replyStarted(items, fact, event) };
    case "reply.delta":
      return { ...view, items: lines.replyDelta(items, fact, event) };
    case "reply.done":
      return replyDone(view, fact, event);
    case "tool.called":
      return { ...view, items: lines.toolCalled(items, fact, event) };
    case "tool.finished":
      return { ...view, items: lines.toolFinished(items, fact, event) };
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
    case "handoff.changed":
      return handoffChanged(view, fact, event);
    case "handoff.position":
      return handoffPosition(view, fact);
    case "identity.verified":
      return { ...view, items: lines.noteBeforeReply(items, fact, event) };
    case "trouble":
    case "handoff.chosen":
    case "note.added":
      return note(view, fact, event);
    case "session.ended":
      return note({ ...quiet(view), ended: fact, items: lines.closeReplies(items, null) }, fact, event);
    case "session.started":
    case "call.picked_up":
    case "suggestion":
      return view;
  }
}

function quiet(view: View): View {
  return { ...view, partial: null, humanPartial: null, hearing: false, activity: "idle" };
}

function note(view: View, fact: NoteItem["fact"], event: SessionEvent): View {
  return { ...view, items: lines.note(view.items, fact, event) };
}

function without(pending: Pending[], id: string | null): Pending[] {
  return pending.filter((message) => message.id !== id);
}

function partial(view: View, fact: FactOf<"transcript.partial">): View {
  const shown = { text: fact.pii.text, stableChars: fact.stable_chars };
  return fact.party === "human" ? { ...view, humanPartial: shown } : { ...view, partial: shown };
}

function customerTurn(view: View, fact: FactOf<"turn.customer">, at: number): View {
  const spoken = fact.channel === "voice" ? { partial: null, hearing: false } : {};
  const items = lines.customerTurn(view.items, fact, at);
  return { ...view, ...spoken, items, pending: without(view.pending, fact.client_id) };
}

function humanTurn(view: View, fact: FactOf<"turn.human">, at: number): View {
  const spoken = fact.channel === "voice" ? { humanPartial: null } : {};
  const items = lines.humanTurn(view.items, fact, at);
  return { ...view, ...spoken, items, pending: without(view.pending, fact.client_id) };
}

function replyDone(view: View, fact: FactOf<"reply.done">, event: SessionEvent): View {
  const next = { ...view, items: lines.replyDone(view.items, fact, event) };
  return fact.latency?.first_audio_ms == null ? next : { ...next, latency: fact.latency };
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

/** States of a handoff in which no person is on the way. */
const AT_REST = new Set(["ai_active", "wrap_up", "caller_gone", "closed"]);

function handoffChanged(view: View, fact: FactOf<"handoff.changed">, event: SessionEvent): View {
  const former = view.handoff?.id === fact.handoff_id ? view.handoff : null;
  const waits = fact.state === "queued" || fact.state === "offered";
  const handoff: Handoff = {
    id: fact.handoff_id,
    state: fact.state,
    floor: fact.floor,
    agent: fact.agent ?? (fact.floor === "human" ? (former?.agent ?? null) : null),
    position: waits ? (former?.position ?? null) : null,
    waitS: waits ? (former?.waitS ?? null) : null,
  };
  const next = { ...view, handoff, humanPartial: fact.floor === "human" ? view.humanPartial : null };
  return note({ ...next, person: person(next) }, fact, event);
}

function person(view: View): View["person"] {
  if (personIsHere(view)) return "joined";
  return view.handoff === null || AT_REST.has(view.handoff.state) ? "none" : "requested";
}

function handoffPosition(view: View, fact: FactOf<"handoff.position">): View {
  if (view.handoff?.id !== fact.handoff_id) return view;
  return { ...view, handoff: { ...view.handoff, position: fact.position, waitS: fact.wait_s } };
}

/** Splits a caption into the characters that will not change any more and those that may. */
export function firmness(partial: Partial): [firm: string, soft: string] {
  const points = Array.from(partial.text);
  return [points.slice(0, partial.stableChars).join(""), points.slice(partial.stableChars).join("")];
}
