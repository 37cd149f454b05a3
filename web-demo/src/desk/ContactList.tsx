/** The agent's contacts, newest words and time under each name; those that a supervisor looks at below. */
import { fileName } from "../page/FileBubble";
import { PhoneIcon } from "../page/icons";
import { consultedOn } from "./consult";
import { type Contact, customerName } from "./contact";
import type { Consult } from "./deskWire";
import { ChatIcon, EarIcon } from "./icons";
import { elapsed, ownStateWords, stateWords } from "./plain";
import { useRoving } from "./useRoving";

interface Props {
  contacts: Contact[];
  consults: Consult[];
  chosen: string | null;
  now: number;
  choose: (session: string) => void;
}

export function ContactList({ contacts, consults, chosen, now, choose }: Props) {
  const onKeyDown = useRoving();
  const first = contacts[0]?.info.session;
  return (
    <section className="contacts" id="contacts" tabIndex={-1} aria-labelledby="contacts-title">
      <h2 id="contacts-title">
        My contacts <span className="count-mark">{contacts.filter(({ info }) => info.mine).length}</span>
      </h2>
      {contacts.length === 0 ? (
        <p className="hint">Nobody yet. While you are available, customers ring here.</p>
      ) : (
        <ul onKeyDown={onKeyDown}>
          {contacts.map((contact) => (
            <li key={contact.info.session}>
              <Entry
                contact={contact}
                consult={consultedOn(consults, contact.info.session)}
                chosen={contact.info.session === chosen}
                reachable={contact.info.session === (chosen ?? first)}
                now={now}
                choose={choose}
              />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

interface EntryProps extends Omit<Props, "contacts" | "consults" | "chosen"> {
  contact: Contact;
  /** In which the agent is asked about them. */
  consult: Consult | null;
  chosen: boolean;
  reachable: boolean;
}

function Entry({ contact, consult, chosen, reachable, now, choose }: EntryProps) {
  const { info, unread } = contact;
  const ChannelIcon = !info.mine ? EarIcon : info.channel === "voice" ? PhoneIcon : ChatIcon;
  return (
    <button
      type="button"
      className="contact"
      data-rove
      data-state={info.state}
      data-mine={info.mine}
      tabIndex={reachable ? 0 : -1}
      aria-current={chosen ? "true" : undefined}
      onClick={() => choose(info.session)}
    >
      <span className="contact-mark">
        <ChannelIcon />
      </span>
      <span className="contact-name">{customerName(contact)}</span>
      <span className="contact-time">{elapsed(now - info.since)}</span>
      <span className="contact-words">
        {standsWords(contact, consult)}
        {lastWords(contact)}
      </span>
      {unread > 0 && (
        <span className="unread">
          {unread}
          <span className="hidden"> unread</span>
        </span>
      )}
    </button>
  );
}

function standsWords({ info }: Contact, consult: Consult | null): string {
  if (info.mine) return ownStateWords(info);
  return consult !== null ? `${consult.agent} asks you` : `${stateWords(info.state)}, you look on`;
}

function lastWords({ typing, view }: Contact): string {
  if (typing) return " · typing…";
  const last = view.items.findLast(
    (item) => item.kind === "customer" || item.kind === "human" || item.kind === "file",
  );
  if (last === undefined) return "";
  return ` · ${last.kind === "file" ? fileName(last) : last.text}`;
}
