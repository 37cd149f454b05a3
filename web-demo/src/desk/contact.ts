/**
 * One session as the desk shows it, folded from the gateway's frames. Pure; nothing of one session is in
 * another's.
 */
import { EMPTY, type View, reduce } from "../session";
import type { Cited, SessionEvent } from "../wire";
import type { Briefing } from "./briefing";
import type { ContactFrame, FormerContact, FrameOf, SuperviseMode } from "./deskWire";

/** What the bot proposes. */
export interface Proposal {
  kind: "reply" | "answer";
  /** The customer's turn that it is for. */
  turn: string;
  text: string;
  citations: Cited[];
}

/** A private question to the bot. */
export interface Question {
  id: string;
  text: string;
  answer: { text: string; citations: Cited[] } | null;
  /** Why there will be no answer. */
  failed: string | null;
}

/** A tool that the agent ran here. */
export interface Run {
  id: string;
  tool: string;
  result: FrameOf<"tool"> | null;
  failed: string | null;
}

export interface Contact {
  info: ContactFrame;
  view: View;
  briefing: Briefing | null;
  /** Earlier sessions of the same customer; null while that is not known. */
  history: FormerContact[] | null;
  typing: boolean;
  proposals: Proposal[];
  questions: Question[];
  runs: Run[];
  /** Turns that came while another contact was looked at. */
  unread: number;
  /** What the agent has written but not sent. */
  draft: string;
  /** How a supervisor takes part. */
  mode: SuperviseMode;
}

const MOST_PROPOSALS = 4;

export function newContact(info: ContactFrame): Contact {
  return {
    info,
    view: { ...EMPTY, session: info.session },
    briefing: null,
    history: null,
    typing: false,
    proposals: [],
    questions: [],
    runs: [],
    unread: 0,
    draft: "",
    mode: "off",
  };
}

/** `looked`: somebody is looking at this contact. */
export function withEvent(contact: Contact, event: SessionEvent, looked: boolean): Contact {
  const view = reduce(contact.view, { type: "event", event });
  const next = { ...contact, view };
  switch (event.fact.type) {
    case "suggestion": {
      const { turn_id: turn, kind, citations, pii } = event.fact;
      if (pii.text === "") return next;
      const proposal = { kind, turn, citations, text: pii.text };
      const others = contact.proposals.filter((other) => other.turn === turn && other.text !== pii.text);
      return { ...next, proposals: [...others, proposal].slice(-MOST_PROPOSALS) };
    }
    case "turn.customer":
      return { ...next, typing: false, unread: looked ? 0 : contact.unread + 1 };
    case "file.shared":
      if (event.fact.by !== "customer") return next;
      return { ...next, unread: looked ? 0 : contact.unread + 1 };
    default:
      return next;
  }
}

export function withQuestion(contact: Contact, id: string, text: string): Contact {
  return { ...contact, questions: [...contact.questions, { id, text, answer: null, failed: null }] };
}

export function withAnswer(contact: Contact, { id, text, citations }: FrameOf<"answer">): Contact {
  const answer = { text, citations };
  return {
    ...contact,
    questions: contact.questions.map((question) => (question.id === id ? { ...question, answer } : question)),
  };
}

export function withRun(contact: Contact, id: string, tool: string): Contact {
  return { ...contact, runs: [...contact.runs, { id, tool, result: null, failed: null }] };
}

export function withResult(contact: Contact, result: FrameOf<"tool">): Contact {
  return {
    ...contact,
    runs: contact.runs.map((run) => (run.id === result.id ? { ...run, result } : run)),
  };
}

/** What was asked or run under this id came to nothing. */
export function withFailure(contact: Contact, id: string, failed: string): Contact {
  return {
    ...contact,
    questions: contact.questions.map((asked) =>
      asked.id === id && asked.answer === null ? { ...asked, failed } : asked,
    ),
    runs: contact.runs.map((run) => (run.id === id && run.result === null ? { ...run, failed } : run)),
  };
}

/** What the agent may call this customer by; never another session's name. */
export function customerName({ info, briefing }: Pick<Contact, "info" | "briefing">): string {
  return info.customer ?? briefing?.who?.name ?? "Customer";
}

/** The customer has nothing but a telephone: what is written does not reach them. */
export function isByTelephone({ view }: Pick<Contact, "view">): boolean {
  const legs = Object.values(view.legs).filter(({ role }) => role === "customer");
  return legs.length > 0 && legs.every(({ kind }) => kind === "sip" || kind === "stream");
}

/** Agent and customer hear each other, or are about to. */
export function isTalking({ info }: Pick<Contact, "info">): boolean {
  return info.channel === "voice" && (info.state === "human_active" || info.state === "bridging");
}
