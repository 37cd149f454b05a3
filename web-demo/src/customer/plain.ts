/**
 * Plain words for what the wire names by code: tools, commands, workflows, outcomes, call faults. A name
 * that is not listed is shown as its words (`look_up_order` → "look up order"), so a new tool needs no new page.
 */
import type { CallFault } from "../callFailed";
import type { FileItem, NoteItem, ToolRun } from "../lines";
import { sentenceCase, words } from "../page/words";
import type { FactOf } from "../wire";

export const SHOP = "Fernhill Outfitters";

/** Our virtual assistant. */
export const ASSISTANT = "Fern";

export const FIRST_QUESTIONS = [
  "Where is my order 10437? My ZIP code is 60614.",
  "What is your return policy?",
  "I want a refund for order 10812.",
  "When is your store open?",
];

export const ASK_FOR_PERSON = "I would like to talk to a person, please.";

/** While it runs, and once it is done. */
const TOOLS: Record<string, [doing: string, done: string]> = {
  look_up_order: ["Looking up the order", "Order"],
  list_orders: ["Looking up your orders", "Your orders"],
  track_parcel: ["Tracking the parcel", "Parcel tracking"],
  request_refund: ["Requesting the refund", "Refund"],
  cancel_order: ["Cancelling the order", "Cancellation"],
  change_address: ["Changing the address", "Address change"],
  reset_password: ["Sending a password reset", "Password reset"],
  verify_identity: ["Checking your details", "Identity check"],
  store_hours: ["Checking the opening hours", "Opening hours"],
  create_ticket: ["Opening a ticket", "Ticket"],
  ask_for_person: ["Asking for a person", "Request for a person"],
};

export function toolTitle(run: ToolRun): string {
  const [doing, done] = TOOLS[run.tool] ?? [sentenceCase(words(run.tool)), sentenceCase(words(run.tool))];
  return run.result === null ? doing : done;
}

const DONE: Record<string, string> = {
  verify_identity: "Confirmed",
};

/** Refusals that are only a step on the way. */
const STEPS: Record<string, string> = {
  not_verified: "Needs your identity",
  verification_failed: "Does not match",
  not_confirmed: "Needs your yes",
};

export function toolOutcome(run: ToolRun): string {
  switch (run.result?.outcome) {
    case undefined:
      return "Working";
    case "done":
      return DONE[run.tool] ?? (run.effect === "write" ? "Done" : "Found");
    case "refused":
      return STEPS[run.result.code ?? ""] ?? "Not allowed";
    case "failed":
      return "Did not work";
  }
}

const COMMANDS: Record<string, string> = {
  ask: "a question",
  chat: "a question",
  hand_off: "talk to a person",
  clarify: "not clear yet",
  cancel: "stop this request",
  affirm: "yes",
  deny: "no",
  greet: "a greeting",
  bye: "a goodbye",
};

const REQUESTS: Record<string, string> = {
  offer_person: "Talk to a colleague",
};

export function requestWords(workflow: string): string {
  return REQUESTS[workflow] ?? sentenceCase(words(workflow));
}

/** What a request waits for, as an object of "waiting for". */
const AWAITED: Record<string, string> = {
  confirmation: "your yes or no",
  person: "your yes or no",
  zip: "your ZIP code",
  email: "your e-mail address",
  order_id: "the order number",
};

export function awaitedWords(awaiting: string): string {
  return AWAITED[awaiting] ?? `your ${words(awaiting)}`;
}

/** E.g. `["start(order_status)", "fill(order_id)"]` → "order status, order id". */
export function understoodWords(commands: string[]): string {
  const parts = commands.map((command) => {
    const inner = /\((.*)\)$/.exec(command)?.[1];
    if (inner) return words(inner);
    return COMMANDS[command.replace("()", "")] ?? words(command);
  });
  return [...new Set(parts)].join(", ");
}

const SOURCES: Record<string, string> = {
  workflow: "from our shop's records",
  knowledge: "from our help articles",
};

export function sourceWords(source: string | null): string | null {
  return source === null ? null : (SOURCES[source] ?? null);
}

const ENDINGS: Record<string, string> = {
  resolved: "The conversation is over. Thank you for contacting us.",
  handed_off: "The conversation went on with a person.",
  expired: "The conversation ended because nothing happened for a while.",
  failed: "The conversation ended because of a fault on our side. We are sorry.",
};

/** Empty for what customers need not know. */
export function noteWords(fact: NoteItem["fact"]): string {
  switch (fact.type) {
    case "identity.verified":
      return "We checked who you are. Personal details can be discussed now.";
    case "handoff.requested":
      return "We are asking a colleague to join. You can go on talking or writing here.";
    case "leg.joined":
      return "A colleague joined the conversation.";
    case "leg.left":
      return "Our colleague left the conversation.";
    case "session.ended":
      return ENDINGS[fact.outcome] ?? "The conversation is over.";
    case "handoff.changed":
      return handoffWords(fact);
    case "handoff.chosen":
    case "note.added":
      return "";
    case "trouble":
    case "call.refused":
      return fact.message;
  }
}

function handoffWords({ state, agent, reason }: FactOf<"handoff.changed">): string {
  if (state === "human_active") return `You are talking with ${agent ?? "our colleague"} now.`;
  if (state === "wrap_up" && reason === "agent_ended") {
    return `${agent ?? "Our colleague"} has ended the conversation. You can go on writing here.`;
  }
  return state === "rescue" ? "Our colleague lost the connection. We are looking for somebody to go on." : "";
}

export function fileWords({ by, agent, name }: FileItem): string {
  const who = by === "customer" ? "You" : (agent ?? "Our colleague");
  return `${who} sent a file: ${name ?? "its name was removed"}`;
}

/** Why the customer cannot send a file now; null when they can. */
export function filesClosedWords(connected: boolean, withPerson: boolean): string | null {
  if (!withPerson) return "You can send files once a person has joined the conversation.";
  return connected ? null : "You can send files once the connection is back.";
}

/** While somebody waits for a person. */
export function lineWords(position: number, waitS: number | null): string {
  const place = position === 1 ? "You are next in line." : `You are number ${position} in line.`;
  return waitS === null ? place : `${place} It takes about ${minutes(waitS)}.`;
}

function minutes(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds / 60));
  return whole === 1 ? "a minute" : `${whole} minutes`;
}

/** While a call waits for its turn. */
export function queueWords(position: number): string {
  const place = position === 1 ? "You are next." : `You are number ${position} in the queue.`;
  return `${place} You can also write to us below.`;
}

/** What went wrong with a call, and what to do: a title and a sentence. */
export const CALL_FAULTS: Record<CallFault, [title: string, remedy: string]> = {
  insecure_origin: [
    "Calls need a secure page",
    "Browsers only open the microphone on https:// or localhost. Open this page that way, or write to us below.",
  ],
  unsupported: [
    "This browser cannot make calls",
    "Open the page in a current Chrome, Edge, Firefox or Safari, or write to us below.",
  ],
  permission_denied: [
    "The microphone is blocked",
    "Click the icon beside the address, allow the microphone for this page, then call again.",
  ],
  no_microphone: [
    "No microphone found",
    "Plug in a headset or microphone, or switch one on in your system's sound settings, then call again.",
  ],
  microphone_busy: [
    "Another program uses the microphone",
    "Close other calls or recorders (or the browser tab that uses it), then call again.",
  ],
  microphone_gone: [
    "The microphone was disconnected",
    "Connect it again, or choose another one in your system's sound settings, then call again.",
  ],
  refused: ["We cannot take this call", "Please try again in a moment, or write to us below."],
  gateway_unreachable: [
    "We cannot be reached right now",
    "Check your internet connection and call again in a moment. Messages you write are sent as soon as we are back.",
  ],
  no_path: [
    "Your network does not let the call through",
    "A firewall or VPN may block voice. Try another network, or write to us below.",
  ],
  connection_lost: [
    "The connection was lost",
    "We tried to get the call back for a while. Call again when your network is better; the conversation is kept.",
  ],
};
