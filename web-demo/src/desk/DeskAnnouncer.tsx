/**
 * Tells screen readers what rings (at once), and what is final in the chosen conversation (when they are
 * free).
 */
import type { ConnectionState } from "../connection";
import type { Item } from "../lines";
import { customerWords } from "./consult";
import { fileName } from "../page/FileBubble";
import { type Contact, customerName } from "./contact";
import type { Consult, Offer, QueueInfo } from "./deskWire";
import { markWords, ownStateWords, queueTitle, reasonWords } from "./plain";

interface Props {
  offer: Offer | null;
  /** A colleague who asks. */
  consult: Consult | null;
  queues: QueueInfo[];
  contact: Contact | null;
  connection: ConnectionState;
}

export function DeskAnnouncer({ offer, consult, queues, contact, connection }: Props) {
  const last = contact?.view.items.findLast(isFinal);
  return (
    <div className="hidden">
      <div aria-live="assertive">
        {offer !== null ? offerWords(offer, queues) : consult !== null ? askedWords(consult) : ""}
      </div>
      <div aria-live="polite" key={contact?.info.session ?? ""}>
        {contact === null || last === undefined ? "" : itemWords(last, contact)}
      </div>
      <div aria-live="polite">
        {contact === null ? "" : `${customerName(contact)}: ${ownStateWords(contact.info)}`}
      </div>
      <div aria-live="polite">{connection === "waiting" ? "The connection is lost. Reconnecting." : ""}</div>
    </div>
  );
}

function offerWords(offer: Offer, queues: QueueInfo[]): string {
  const what = offer.channel === "voice" ? "A call rings" : "A chat rings";
  const why = reasonWords(offer.reason).toLowerCase();
  return `${what}: ${queueTitle(queues, offer.queue)}, ${why}. Press Alt A to accept, Alt X to decline.`;
}

function askedWords(consult: Consult): string {
  const who = `${consult.agent} asks you about ${customerWords(consult)}`;
  return `${who}. Press Alt A to accept, Alt X to decline.`;
}

function isFinal(item: Item): boolean {
  switch (item.kind) {
    case "reply":
      return item.done;
    case "note":
      return markWords(item.fact) !== "";
    default:
      return item.kind !== "tool";
  }
}

function itemWords(item: Item, contact: Contact): string {
  switch (item.kind) {
    case "customer":
      return `${customerName(contact)}: ${item.text}`;
    case "human":
      return `${item.agent}: ${item.text}`;
    case "reply":
      return `Bot: ${item.text}${item.interrupted ? ", interrupted" : ""}`;
    case "note":
      return markWords(item.fact);
    case "file":
      return `${item.by === "customer" ? customerName(contact) : item.agent} sent a file: ${fileName(item)}`;
    case "tool":
      return "";
  }
}
