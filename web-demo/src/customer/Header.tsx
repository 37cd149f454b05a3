/** The page's head: the shop, how the connection stands, and what can be done with the conversation. */
import type { ChatState } from "../chat";
import type { Item } from "../session";
import { CopyIcon, DownloadIcon, KeyboardIcon, ShopMark, ThemeIcon } from "./icons";
import { SHOP } from "./plain";
import { nextTheme, toggleTheme } from "./theme";
import { download, transcriptText } from "./transcript";
import { useState } from "react";

interface Props {
  connection: ChatState;
  items: Item[];
  notify: (text: string) => void;
  showShortcuts: () => void;
}

export function Header({ connection, items, notify, showShortcuts }: Props) {
  const empty = items.length === 0;
  const copy = () => {
    // `clipboard` is missing on pages without https.
    const copied =
      navigator.clipboard?.writeText(transcriptText(items)) ?? Promise.reject(new Error("no clipboard"));
    copied.then(
      () => notify("The transcript is on your clipboard."),
      () => notify("Your browser did not allow copying. Use the download instead."),
    );
  };
  return (
    <header className="header">
      <a className="skip" href="#message">
        Skip to the message field
      </a>
      <div className="brand">
        <ShopMark />
        <div>
          <h1>{SHOP}</h1>
          <p>Customer care, by Warmline</p>
        </div>
      </div>
      <ConnectionMark state={connection} />
      <div className="tools">
        <IconButton label="Copy transcript" disabled={empty} onClick={copy}>
          <CopyIcon />
        </IconButton>
        <IconButton
          label="Download transcript"
          disabled={empty}
          onClick={() => download(transcriptText(items))}
        >
          <DownloadIcon />
        </IconButton>
        <IconButton label="Keyboard shortcuts" onClick={showShortcuts}>
          <KeyboardIcon />
        </IconButton>
        <ThemeButton />
      </div>
    </header>
  );
}

function ThemeButton() {
  const [next, setNext] = useState(nextTheme);
  return (
    <IconButton label={`Switch to the ${next} theme`} onClick={() => setNext(toggleTheme())}>
      <ThemeIcon />
    </IconButton>
  );
}

interface IconButtonProps {
  label: string;
  disabled?: boolean;
  onClick: () => void;
  children: React.ReactNode;
}

export function IconButton({ label, disabled = false, onClick, children }: IconButtonProps) {
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={label}
      title={label}
      disabled={disabled}
      onClick={onClick}
    >
      {children}
    </button>
  );
}

const CONNECTION_WORDS: Record<ChatState, string> = {
  connecting: "Connecting",
  open: "Online",
  waiting: "Reconnecting",
  closed: "Disconnected",
};

function ConnectionMark({ state }: { state: ChatState }) {
  const words = state === "waiting" && !navigator.onLine ? "You are offline" : CONNECTION_WORDS[state];
  return (
    <p className="connection" data-state={state} role="status">
      <span className="dot" aria-hidden="true" />
      {words}
    </p>
  );
}
