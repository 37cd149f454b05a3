/** The right of the desk: briefing and history, copilot, tools, notes of the chosen contact. */
import { useState } from "react";
import { clock } from "../page/clock";
import { words } from "../page/words";
import { BriefingView } from "./BriefingView";
import { consultedOn } from "./consult";
import type { Contact } from "./contact";
import { Copilot } from "./Copilot";
import type { FormerContact } from "./deskWire";
import { Notes } from "./Notes";
import { ToolPanel } from "./ToolPanel";
import { useRoving } from "./useRoving";
import type { DeskControl } from "./useDesk";

export type SideTab = "briefing" | "copilot" | "tools" | "notes";

const TABS: [tab: SideTab, title: string][] = [
  ["briefing", "Briefing"],
  ["copilot", "Copilot"],
  ["tools", "Tools"],
  ["notes", "Notes"],
];

interface Props {
  contact: Contact;
  control: DeskControl;
  tab: SideTab;
  show: (tab: SideTab) => void;
  go: (turn: string) => void;
  /** Puts a text into the message field. */
  insert: (text: string) => void;
}

export function Side({ contact, control, tab: wanted, show, go, insert }: Props) {
  const onKeyDown = useRoving(true);
  // Who is only asked about a customer reads; the rest is for who has them.
  const reads = !contact.info.mine && consultedOn(control.state.consults, contact.info.session) !== null;
  const tab = reads ? "briefing" : wanted;
  return (
    <>
      <div className="tabs" role="tablist" aria-label="About this contact" onKeyDown={onKeyDown}>
        {(reads ? TABS.slice(0, 1) : TABS).map(([name, title]) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`tab-${name}`}
            data-rove
            tabIndex={tab === name ? 0 : -1}
            aria-selected={tab === name}
            aria-controls="side-panel"
            onClick={() => show(name)}
          >
            {title}
            {name === "copilot" && contact.proposals.length > 0 && (
              <span className="dot" data-state="available" aria-hidden="true" />
            )}
          </button>
        ))}
      </div>
      <div className="side-panel" id="side-panel" role="tabpanel" aria-labelledby={`tab-${tab}`} tabIndex={0}>
        {tab === "briefing" && (
          <>
            <BriefingView briefing={contact.briefing} go={go} />
            <History contacts={contact.history} />
          </>
        )}
        {tab === "copilot" && <Copilot contact={contact} control={control} insert={insert} />}
        {tab === "tools" && <ToolPanel contact={contact} control={control} />}
        {tab === "notes" && <Notes contact={contact} control={control} />}
      </div>
    </>
  );
}

const SHOWN_FIRST = 3;

function History({ contacts }: { contacts: FormerContact[] | null }) {
  const [all, setAll] = useState(false);
  if (contacts === null) return null;
  const shown = all ? contacts : contacts.slice(0, SHOWN_FIRST);
  return (
    <section className="history" aria-labelledby="history-title">
      <h3 id="history-title">Earlier contacts</h3>
      {contacts.length === 0 && <p className="hint">None that we know of.</p>}
      <ol>
        {shown.map((former) => (
          <li key={former.session}>
            <p className="meta">
              {day(former.at)}, {clock(former.at)} · {former.channel === "voice" ? "call" : "chat"}
              {former.outcome !== null && ` · ${words(former.outcome)}`}
            </p>
            {former.summary !== null && <p className="history-summary">{former.summary}</p>}
          </li>
        ))}
      </ol>
      {contacts.length > shown.length && (
        <button type="button" className="text-button" onClick={() => setAll(true)}>
          Show all {contacts.length}
        </button>
      )}
    </section>
  );
}

function day(at: number): string {
  return new Date(at * 1000).toLocaleDateString([], { day: "numeric", month: "short", year: "numeric" });
}
