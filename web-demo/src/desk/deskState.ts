/**
 * Everything that the desk shows, folded from what the gateway sends and what the agent does: a pure function
 * of the former state and one action, without clock, network or randomness.
 */
import { reduce as reduceView } from "../session";
import { lookedAt } from "./consult";
import {
  type Contact,
  newContact,
  withAnswer,
  withEvent,
  withFailure,
  withQuestion,
  withResult,
  withRun,
} from "./contact";
import type {
  Agent,
  Canned,
  Colleague,
  Consult,
  ContactFrame,
  DeskFrame,
  Disposition,
  FrameOf,
  LiveSession,
  Me,
  Offer,
  QueueInfo,
  SuperviseMode,
  ToolInfo,
  Waiting,
} from "./deskWire";

export interface DeskState {
  /** Null until the gateway's welcome. */
  agent: Agent | null;
  me: Me;
  /** Seconds to add to this machine's clock to get the gateway's. */
  aheadS: number;
  queues: QueueInfo[];
  dispositions: Disposition[];
  canned: Canned[];
  tools: ToolInfo[];
  /** The gateway can connect an agent's audio. */
  voice: boolean;
  colleagues: Colleague[];
  waiting: Waiting[];
  live: LiveSession[];
  /** What rings, the oldest first. */
  offers: Offer[];
  /** Just accepted: it comes to the desk next, and its briefing is known already. */
  accepted: Offer | null;
  /** Colleagues whom the agent asks, and who ask them. */
  consults: Consult[];
  /** By session. */
  contacts: Record<string, Contact>;
  /** The session that is looked at. */
  chosen: string | null;
}

export type DeskAction =
  | { type: "frame"; frame: DeskFrame; nowS: number }
  | { type: "sent"; session: string; id: string; text: string; at: number }
  | { type: "stored"; session: string; id: string }
  | { type: "refused"; session: string; id: string; reason: string }
  | { type: "discarded"; session: string; id: string }
  | { type: "choose"; session: string }
  /** A supervisor looks at a session that is not theirs. */
  | { type: "look"; live: LiveSession }
  | { type: "mode"; session: string; mode: SuperviseMode }
  | { type: "draft"; session: string; text: string }
  /** The agent's own microphone is closed or opened at once, whatever the gateway says later. */
  | { type: "muted"; session: string; on: boolean }
  | { type: "presence"; state: Me["state"]; voice: boolean }
  | { type: "asked"; session: string; id: string; text: string }
  | { type: "ran"; session: string; id: string; tool: string }
  | { type: "failed"; session: string; id: string; reason: string }
  /** The session is no longer ours to see. */
  | { type: "lost"; session: string };

export const START: DeskState = {
  agent: null,
  me: { state: "away", voice: false, audio: false, reason: null },
  aheadS: 0,
  queues: [],
  dispositions: [],
  canned: [],
  tools: [],
  voice: false,
  colleagues: [],
  waiting: [],
  live: [],
  offers: [],
  accepted: null,
  consults: [],
  contacts: {},
  chosen: null,
};

export function reduce(state: DeskState, action: DeskAction): DeskState {
  switch (action.type) {
    case "frame":
      return withFrame(state, action.frame, action.nowS);
    case "sent":
    case "stored":
    case "refused":
    case "discarded":
      return change(state, action.session, (contact) => ({
        ...contact,
        view: reduceView(contact.view, action),
      }));
    case "choose":
      return choose(state, action.session);
    case "look":
      return look(state, action.live);
    case "mode":
      return withMode(state, action.session, action.mode);
    case "draft":
      return change(state, action.session, (contact) => ({ ...contact, draft: action.text }));
    case "muted":
      return change(state, action.session, (contact) => ({
        ...contact,
        info: { ...contact.info, muted: action.on },
      }));
    case "presence":
      return { ...state, me: { ...state.me, state: action.state, voice: action.voice, reason: null } };
    case "asked":
      return change(state, action.session, (contact) => withQuestion(contact, action.id, action.text));
    case "ran":
      return change(state, action.session, (contact) => withRun(contact, action.id, action.tool));
    case "failed":
      return change(state, action.session, (contact) => withFailure(contact, action.id, action.reason));
    case "lost":
      return without(state, action.session);
  }
}

/** The contact that is looked at. */
export function chosenContact(state: DeskState): Contact | null {
  return state.chosen === null ? null : (state.contacts[state.chosen] ?? null);
}

/** The agent's own contacts, the oldest first; then those that a supervisor looks at. */
export function inOrder({ contacts }: DeskState): Contact[] {
  return Object.values(contacts).sort(
    (a, b) => Number(b.info.mine) - Number(a.info.mine) || a.info.since - b.info.since,
  );
}

function withFrame(state: DeskState, frame: DeskFrame, nowS: number): DeskState {
  switch (frame.type) {
    case "welcome":
      return welcomed(state, frame, nowS);
    case "me": {
      const { state: presence, voice, audio, reason } = frame;
      return { ...state, me: { state: presence, voice, audio, reason } };
    }
    case "presence":
      return { ...state, colleagues: frame.agents };
    case "queue":
      return { ...state, waiting: frame.waiting };
    case "sessions":
      return { ...state, live: frame.live };
    case "contact":
      return withContact(state, frame);
    case "offer": {
      const { type: _, ...offer } = frame;
      return { ...state, offers: [...state.offers.filter((other) => other.lease !== offer.lease), offer] };
    }
    case "offer.ended": {
      const ended = state.offers.find(({ lease }) => lease === frame.lease) ?? null;
      const offers = state.offers.filter((offer) => offer !== ended);
      return { ...state, offers, accepted: frame.why === "accepted" ? ended : state.accepted };
    }
    case "consult":
      return withConsult(state, frame);
    case "event": {
      const { event } = frame;
      if (event.kind !== "event") return state;
      const looked = state.chosen === frame.session;
      return change(state, frame.session, (contact) => withEvent(contact, event.event, looked));
    }
    case "briefing":
      return withBriefing(state, frame);
    case "history":
      return change(state, frame.session, (contact) => ({ ...contact, history: frame.contacts }));
    case "typing":
      return change(state, frame.session, (contact) => ({ ...contact, typing: frame.on }));
    case "answer":
      return change(state, frame.session, (contact) => withAnswer(contact, frame));
    case "tool":
      return change(state, frame.session, (contact) => withResult(contact, frame));
    case "done":
    case "error":
    case "pong":
      return state;
  }
}

/** What ended while the connection was away is not on the desk any more. */
function welcomed(state: DeskState, frame: FrameOf<"welcome">, nowS: number): DeskState {
  const { agent, presence, queues, dispositions, canned, tools, voice } = frame;
  const stands = ({ info }: Contact) =>
    !info.mine || frame.contacts === null || frame.contacts.includes(info.handoff_id ?? "");
  const over = inOrder(state).filter((contact) => !stands(contact));
  const rest = over.reduce((former, { info }) => without(former, info.session), state);
  const ended = state.consults.filter((one) => !frame.consults?.includes(one.consult));
  const before = ended.reduce(withoutConsult, rest);
  const kept = Object.entries(before.contacts).map(([session, contact]) => [
    session,
    // Captions and typing marks of the old connection are not repeated.
    { ...contact, typing: false, view: reduceView(contact.view, { type: "session", session }) },
  ]);
  return {
    ...before,
    agent,
    me: presence,
    aheadS: frame.now === null ? 0 : frame.now - nowS,
    queues,
    dispositions,
    canned,
    tools,
    voice,
    offers: state.offers.filter(({ lease }) => frame.offers?.includes(lease)),
    accepted: null,
    contacts: Object.fromEntries(kept) as Record<string, Contact>,
  };
}

function withContact(state: DeskState, frame: ContactFrame): DeskState {
  const { [frame.session]: former } = state.contacts;
  const over = frame.state === "closed" || (!frame.mine && (former === undefined || former.info.mine));
  if (over) return without(state, frame.session);
  const taken = frame.mine && former?.info.mine !== true;
  const contact = former === undefined ? newContact(frame) : { ...former, info: frame };
  const offer = [...state.offers, state.accepted].find((one) => one?.session === frame.session);
  const known = contact.briefing ?? offer?.briefing ?? null;
  const next = {
    ...state,
    contacts: {
      ...state.contacts,
      [frame.session]: { ...contact, briefing: known, mode: taken ? "off" : contact.mode },
    },
    offers: frame.mine ? state.offers.filter(({ session }) => session !== frame.session) : state.offers,
    accepted: state.accepted?.session === frame.session ? null : state.accepted,
  };
  // A new contact of one's own comes to the front, unless the agent is in the middle of another.
  const free = state.chosen === null || state.contacts[state.chosen]?.info.mine !== true;
  return taken && (free || frame.channel === "voice") ? choose(next, frame.session) : next;
}

/** Who has said yes looks at the colleague's session, and sees no more of it once it is over. */
function withConsult(state: DeskState, { type: _, ...consult }: FrameOf<"consult">): DeskState {
  if (consult.state === "over") return withoutConsult(state, consult);
  const others = state.consults.filter((one) => one.consult !== consult.consult);
  const next = { ...state, consults: [...others, consult] };
  if (consult.mine || consult.state === "asked") return next;
  const { [consult.session]: contact = lookedAt(consult) } = state.contacts;
  return choose({ ...next, contacts: { ...next.contacts, [consult.session]: contact } }, consult.session);
}

function withoutConsult(state: DeskState, { consult, session, mine }: Consult): DeskState {
  const next = { ...state, consults: state.consults.filter((one) => one.consult !== consult) };
  return !mine && state.contacts[session]?.info.mine === false ? without(next, session) : next;
}

function withBriefing(state: DeskState, { session, briefing }: FrameOf<"briefing">): DeskState {
  if (briefing === null) return state;
  return {
    ...change(state, session, (contact) => ({ ...contact, briefing })),
    offers: state.offers.map((offer) => (offer.session === session ? { ...offer, briefing } : offer)),
    consults: state.consults.map((one) => (one.session === session ? { ...one, briefing } : one)),
  };
}

function choose(state: DeskState, session: string): DeskState {
  if (state.contacts[session] === undefined) return state;
  return { ...change(state, session, (contact) => ({ ...contact, unread: 0 })), chosen: session };
}

function look(state: DeskState, live: LiveSession): DeskState {
  const { session } = live;
  if (state.contacts[session] !== undefined) return choose(state, session);
  const contact = newContact({ ...live, type: "contact", mine: false });
  return choose({ ...state, contacts: { ...state.contacts, [session]: contact } }, session);
}

/** A supervisor who leaves a session that is not theirs sees no more of it. */
function withMode(state: DeskState, session: string, mode: SuperviseMode): DeskState {
  if (mode === "off" && state.contacts[session]?.info.mine === false) return without(state, session);
  return change(state, session, (contact) => ({ ...contact, mode }));
}

function change(state: DeskState, session: string, how: (contact: Contact) => Contact): DeskState {
  const { [session]: contact } = state.contacts;
  if (contact === undefined) return state;
  return { ...state, contacts: { ...state.contacts, [session]: how(contact) } };
}

/** Nothing of the session stays; the next contact of one's own comes to the front. */
function without(state: DeskState, session: string): DeskState {
  const { [session]: gone, ...contacts } = state.contacts;
  if (gone === undefined) return state;
  const next = { ...state, contacts };
  if (state.chosen !== session) return next;
  const other = inOrder(next).find(({ info }) => info.mine);
  return other === undefined ? { ...next, chosen: null } : choose(next, other.info.session);
}
