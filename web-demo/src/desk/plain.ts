/** Plain words for what the desk's wire names by code. A code that is not listed is shown as its words. */
import type { NoteItem, ToolRun } from "../lines";
import { sentenceCase, words } from "../page/words";
import type { FactOf } from "../wire";
import type { DeclineReason, LiveSession, QueueInfo, SuperviseMode } from "./deskWire";

const REASONS: Record<string, string> = {
  customer_asked: "Asked for a person",
  over_limit: "Over the bot's limit",
  not_covered: "Nothing in the articles",
  repeated_failure: "The bot failed twice",
  negative_sentiment: "Unhappy customer",
  low_confidence: "The bot is unsure",
  legal: "Legal words",
  keypad: "Pressed 0",
  supervisor: "Sent by a supervisor",
  transferred: "Transferred by a colleague",
  rescue: "A colleague was lost",
  rescued: "A colleague was lost",
};

export function reasonWords(code: string | null): string {
  if (code === null || code === "") return "No reason given";
  return REASONS[code] ?? sentenceCase(words(code));
}

const STATES: Record<string, string> = {
  ai_active: "With the bot",
  screen: "Looking for a person",
  alternatives: "Hears the alternatives",
  queued: "In line",
  offered: "Rings at a desk",
  dialling: "Telephone is dialled",
  human_check: "Telephone was picked up",
  briefing: "Agent reads the briefing",
  bridging: "Connecting",
  human_active: "With an agent",
  rescue: "Agent lost, bot steps in",
  wrap_up: "Wrap-up",
  caller_gone: "Customer left",
  closed: "Over",
};

export function stateWords(state: string): string {
  return STATES[state] ?? sentenceCase(words(state));
}

const MINE: Record<string, string> = {
  briefing: "Briefing",
  bridging: "Connecting",
  human_active: "You have the customer",
  wrap_up: "Wrap-up",
  caller_gone: "The customer has left",
};

/** A contact of one's own. */
export function ownStateWords({ state, channel, hold }: LiveSession): string {
  if (state === "human_active" && hold) return "On hold";
  if (state === "human_active") return channel === "voice" ? "In call" : "In chat";
  return MINE[state] ?? stateWords(state);
}

export const FLOOR_WORDS: Record<LiveSession["floor"], string> = {
  bot: "Bot",
  human: "Agent",
  none: "Nobody",
};

export function queueTitle(queues: QueueInfo[], name: string | null): string {
  if (name === null || name === "") return "";
  const title = queues.find(({ queue }) => queue === name)?.title ?? "";
  return title === "" || title === name ? sentenceCase(words(name)) : title;
}

export const DECLINE_WORDS: Record<DeclineReason, string> = {
  busy: "I am busy",
  wrong_skill: "Not my subject",
  break: "I need a break",
  other: "Another reason",
};

export const MODE_WORDS: Record<SuperviseMode, [does: string, doing: string]> = {
  off: ["Leave", ""],
  monitor: ["Listen", "You listen. Nobody hears you."],
  whisper: ["Whisper", "Only the agent hears you."],
  barge: ["Barge in", "Agent and customer hear you."],
  take_over: ["Take over", "The customer is yours."],
};

export function toolTitle({ tool }: Pick<ToolRun, "tool">): string {
  return sentenceCase(words(tool));
}

const OUTCOMES = { done: "Done", refused: "Not allowed", failed: "Did not work" };

export function toolOutcome({ result }: { result: { outcome: keyof typeof OUTCOMES } | null }): string {
  return result === null ? "Working" : OUTCOMES[result.outcome];
}

const PURPOSES: Record<string, string> = {
  private: "Note",
  hand_back: "Handed back with a note",
  whisper: "Whispered",
  wrap_up: "Wrap-up",
};

export function purposeWords(purpose: string): string {
  return PURPOSES[purpose] ?? sentenceCase(words(purpose));
}

/** Why an agent is asked who has had the customer in the chat so far. */
export const CUSTOMER_CALLS = "customer_calls";

/** Marks in the transcript; empty for what agents need not see. */
export function markWords(fact: NoteItem["fact"]): string {
  switch (fact.type) {
    case "identity.verified":
      return `Identity checked: ${methodWords(fact.method)}`;
    case "handoff.requested":
      return fact.reason === "customer_asked"
        ? "The customer asked for a person"
        : `A person was asked for: ${reasonWords(fact.reason).toLowerCase()}`;
    case "handoff.changed":
      return handoffWords(fact);
    case "handoff.chosen":
      return CHOICES[fact.choice] ?? `The customer chose: ${words(fact.choice)}`;
    case "leg.joined":
      return fact.role === "supervisor" ? "A supervisor joined" : "";
    case "leg.left":
      return fact.role === "supervisor" ? "A supervisor left" : "";
    case "session.ended":
      return `The session is over: ${words(fact.outcome)}`;
    case "trouble":
    case "call.refused":
      return fact.message;
    case "note.added":
      return `${purposeWords(fact.purpose)} by ${fact.agent}: ${fact.pii.text}`;
  }
}

/** Steps that go by in a moment are not marked. */
function handoffWords({ state, agent, reason }: FactOf<"handoff.changed">): string {
  switch (state) {
    case "queued":
      return "In line for a person";
    case "offered":
      return agent === null ? "" : `Rings at ${agent}'s desk`;
    case "briefing":
      return reason === CUSTOMER_CALLS ? "The customer calls" : "";
    case "human_active":
      return agent === null ? "A person took over" : `${agent} took over`;
    case "ai_active":
      return reason === "" ? "With the bot again" : `With the bot again: ${words(reason)}`;
    case "rescue":
      return "The agent was lost; the bot steps in";
    case "wrap_up":
      return "The conversation is over; wrap-up";
    case "caller_gone":
      return "The customer left";
    default:
      return "";
  }
}

/** What a customer wants instead of a person who can come now. */
const CHOICES: Record<string, string> = {
  callback: "The customer wants to be called back",
  message: "The customer leaves a message",
  stay: "The customer stays with the bot",
  wait: "The customer wants to wait",
  cancel: "The customer does not want a person any more",
};

const METHODS: Record<string, string> = {
  "order+zip": "order number and ZIP code",
  "email+zip": "e-mail address and ZIP code",
  "signed-token": "signed in on the web page",
};

export function methodWords(method: string): string {
  return METHODS[method] ?? words(method);
}

const LANGUAGES = new Intl.DisplayNames(["en"], { type: "language" });

export function languageWords(code: string): string {
  try {
    return LANGUAGES.of(code) ?? code;
  } catch {
    return code;
  }
}

/** E.g. 75 → "1:15", 3700 → "1:01:40". */
export function elapsed(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number) => String(value).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
