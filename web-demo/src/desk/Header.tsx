/** The desk's head: whose desk, how the connection stands, the views that one's role has, the way out. */
import { useState } from "react";
import type { ConnectionState } from "../connection";
import { IconButton, ThemeButton } from "../page/buttons";
import { KeyboardIcon, ShopMark } from "../page/icons";
import type { Account } from "./deskWire";
import { type FollowUpCount, countWords } from "./followUps";
import { BellIcon, BellOffIcon, SignOutIcon } from "./icons";
import { useRoving } from "./useRoving";

export type DeskView = "desk" | "sessions" | "follow_ups" | "measures";

interface Props {
  account: Account;
  connection: ConnectionState;
  reconnect: () => void;
  view: DeskView;
  show: (view: DeskView) => void;
  /** What customers are owed; null while that is not known. */
  owed: FollowUpCount | null;
  sound: boolean;
  setSound: (on: boolean) => void;
  showKeys: () => void;
  changePassword: () => void;
  leave: () => Promise<void>;
}

export function Header({
  account,
  view,
  show,
  owed,
  sound,
  setSound,
  showKeys,
  changePassword,
  leave,
  ...connection
}: Props) {
  const { agent, may } = account;
  return (
    <header className="header">
      <a className="skip" href="#contacts">
        Skip to your contacts
      </a>
      <a className="skip" href="#conversation">
        Skip to the conversation
      </a>
      <a className="skip" href="#side">
        Skip to the briefing
      </a>
      <div className="brand">
        <ShopMark />
        <h1>Desk</h1>
      </div>
      <Views may={may} view={view} show={show} owed={owed} />
      <ConnectionMark {...connection} />
      <div className="tools">
        <IconButton
          label={sound ? "Switch the ring off" : "Switch the ring on"}
          onClick={() => setSound(!sound)}
        >
          {sound ? <BellIcon /> : <BellOffIcon />}
        </IconButton>
        <IconButton label="Keyboard shortcuts" onClick={showKeys}>
          <KeyboardIcon />
        </IconButton>
        <ThemeButton />
      </div>
      <button type="button" className="whoami" title="Change your password" onClick={changePassword}>
        <strong>{agent.name}</strong>
        <span>{agent.role}</span>
        <span className="hidden">, change your password</span>
      </button>
      <LeaveButton leave={leave} />
    </header>
  );
}

const VIEWS: [view: DeskView, title: string, action: string][] = [
  ["desk", "My desk", "accept"],
  ["sessions", "All sessions", "see_all"],
  ["follow_ups", "Follow-ups", "follow_up"],
  ["measures", "Measures", "see_measures"],
];

interface ViewsProps extends Pick<Props, "view" | "show" | "owed"> {
  may: string[];
}

function Views({ may, view, show, owed }: ViewsProps) {
  const onKeyDown = useRoving(true);
  const views = VIEWS.filter(([, , action]) => may.includes(action));
  if (views.length < 2) return null;
  return (
    <nav className="views" aria-label="Views" onKeyDown={onKeyDown}>
      {views.map(([name, title]) => (
        <button
          key={name}
          type="button"
          data-rove
          tabIndex={view === name ? 0 : -1}
          aria-current={view === name ? "page" : undefined}
          onClick={() => show(name)}
        >
          {title}
          {name === "follow_ups" && owed !== null && owed.open > 0 && <OwedMark owed={owed} />}
        </button>
      ))}
    </nav>
  );
}

/** How many there are; whether any is due is said in words, too. */
function OwedMark({ owed }: { owed: FollowUpCount }) {
  return (
    <>
      <span className="hidden">({countWords(owed)})</span>
      <span className={owed.due > 0 ? "unread" : "count-mark"} aria-hidden="true">
        {owed.due > 0 ? `${owed.due} due` : owed.open}
      </span>
    </>
  );
}

const CONNECTION_WORDS: Record<ConnectionState, string> = {
  connecting: "Connecting",
  open: "Online",
  waiting: "Reconnecting",
  closed: "Disconnected",
};

function ConnectionMark({ connection, reconnect }: Pick<Props, "connection" | "reconnect">) {
  const offline = connection === "waiting" && !navigator.onLine;
  return (
    <div className="connection" data-state={connection} role="status">
      <span className="dot" aria-hidden="true" />
      <span className="connection-words">{offline ? "You are offline" : CONNECTION_WORDS[connection]}</span>
      {connection === "closed" && (
        <button type="button" className="text-button" onClick={reconnect}>
          Connect again
        </button>
      )}
    </div>
  );
}

function LeaveButton({ leave }: Pick<Props, "leave">) {
  const [busy, setBusy] = useState(false);
  return (
    <IconButton
      label="Sign out"
      disabled={busy}
      onClick={() => {
        setBusy(true);
        void leave().finally(() => setBusy(false));
      }}
    >
      <SignOutIcon />
    </IconButton>
  );
}
