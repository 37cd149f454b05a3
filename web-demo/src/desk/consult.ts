/** A colleague who is asked about the customer of a call, as both desks see it. Pure. */
import { type Contact, newContact } from "./contact";
import type { Consult } from "./deskWire";

/** The agent's own question about the customer of this session. */
export function askingAbout(consults: Consult[], session: string): Consult | null {
  return consults.find((one) => one.mine && one.session === session) ?? null;
}

/** What rings here: a colleague asks. */
export function ringingConsult(consults: Consult[]): Consult | null {
  return consults.find((one) => !one.mine && one.state === "asked") ?? null;
}

/** A colleague's question about this session that the agent has said yes to. */
export function consultedOn(consults: Consult[], session: string): Consult | null {
  return consults.find((one) => !one.mine && one.state === "talking" && one.session === session) ?? null;
}

/** Whether the agent's audio is needed, or about to be: somebody asks them. */
export function isAsked(consults: Consult[]): boolean {
  return consults.some((one) => !one.mine);
}

export function customerWords({ customer, briefing }: Pick<Consult, "customer" | "briefing">): string {
  return customer ?? briefing?.who?.name ?? "the customer";
}

/** The colleague's session as the one who is asked looks at it. */
export function lookedAt(consult: Consult): Contact {
  const { session, agent_id, agent, queue, reason, customer, since, briefing } = consult;
  const contact = newContact({
    type: "contact",
    session,
    channel: "voice",
    state: "human_active",
    floor: "human",
    since,
    handoff_id: null,
    agent_id,
    agent,
    queue,
    reason,
    customer,
    until: null,
    hold: true,
    muted: false,
    supervisors: 0,
    outcome: null,
    mine: false,
  });
  return { ...contact, briefing };
}

/** What the bar says while it lasts. */
export function consultWords(consult: Consult): string {
  const { mine, state, agent, colleague } = consult;
  const customer = customerWords(consult);
  if (!mine) return `You talk with ${agent} about ${customer}. The customer hears music.`;
  if (state === "asked") return `It rings at ${colleague}'s desk. You still have ${customer}.`;
  return `You talk with ${colleague}. ${sentence(customer)} hears music.`;
}

/** What is told at the end; null where it was the agent's own doing, or shows itself. */
export function endWords({ mine, why, agent, colleague }: Consult): string | null {
  const words = mine ? ASKER_WORDS : COLLEAGUE_WORDS;
  return words[why ?? ""]?.(mine ? colleague : agent) ?? null;
}

type Words = Record<string, (other: string) => string>;

const ASKER_WORDS: Words = {
  declined: (colleague) => `${colleague} cannot help just now.`,
  missed: (colleague) => `${colleague} did not answer.`,
  left: (colleague) => `${colleague} has left. You are back with the customer.`,
  lost: (colleague) => `The connection with ${colleague} was lost. You are back with the customer.`,
  too_long: (colleague) => `Your talk with ${colleague} took too long. You are back with the customer.`,
  handed_over: (colleague) => `${colleague} has the customer now.`,
  failed: (colleague) => `${colleague} could not take the customer.`,
};

const COLLEAGUE_WORDS: Words = {
  withdrawn: (agent) => `${agent} does not ask any more.`,
  missed: (agent) => `You missed a question of ${agent}.`,
  back: (agent) => `${agent} is back with the customer.`,
  parted: (agent) => `${agent} does not have the customer any more.`,
  customer_left: () => "The customer has hung up.",
  lost: (agent) => `The connection with ${agent} was lost.`,
  too_long: (agent) => `Your talk with ${agent} took too long; ${agent} is back with the customer.`,
  failed: () => "You could not take the customer.",
};

function sentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
