/** The desk's head: whose desk, how the connection stands, the two views of a supervisor, the way out. */
import { useState } from "react";
import type { ConnectionState } from "../connection";
import { IconButton, ThemeButton } from "../page/buttons";
import { KeyboardIcon, ShopMark } from "../page/icons";
import type { Account } from "./deskWire";
import { BellIcon, BellOffIcon, SignOutIcon } from "./icons";
import { useRoving } from "./useRoving";

export type DeskView = "desk" | "sessions";

interface Props {
  account: Account;
  connection: ConnectionState;
  reconnect: () => void;
  view: DeskView;
  show: (view: DeskView) => void;
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
      {may.includes("see_all") && may.includes("accept") && <Views view={view} show={show} />}
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

const VIEWS: [view: DeskView, title: string][] = [
  ["desk", "My desk"],
  ["sessions", "All sessions"],
];

function Views({ view, show }: Pick<Props, "view" | "show">) {
  const onKeyDown = useRoving(true);
  return (
    <nav className="views" aria-label="Views" onKeyDown={onKeyDown}>
      {VIEWS.map(([name, title]) => (
        <button
          key={name}
          type="button"
          data-rove
          tabIndex={view === name ? 0 : -1}
          aria-current={view === name ? "page" : undefined}
          onClick={() => show(name)}
        >
          {title}
        </button>
      ))}
    </nav>
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
