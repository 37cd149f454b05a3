/** The page's head: the shop, how the connection stands, and what can be done with the conversation. */
import type { ChatState } from "../chat";
import type { Item } from "../lines";
import { IconButton, ThemeButton } from "../page/buttons";
import { CopyIcon, DownloadIcon, KeyboardIcon, ShopMark } from "../page/icons";
import { SHOP } from "./plain";
import { download, transcriptText } from "./transcript";

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
