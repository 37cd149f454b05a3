/** The conversation, oldest first; stays at its end unless somebody scrolled up to read. */
import type { FileExchange } from "../files";
import {
  type CustomerItem,
  type FileItem,
  type HumanItem,
  type Item,
  type NoteItem,
  type ReplyItem,
  lineLook,
  openReply,
} from "../lines";
import { Caption, Dots, Sources, Words } from "../page/bubbles";
import { clock } from "../page/clock";
import { FileBubble } from "../page/FileBubble";
import { ChevronIcon } from "../page/icons";
import { ToolActivity } from "../page/ToolActivity";
import { useStayAtEnd } from "../page/useStayAtEnd";
import type { Pending, View } from "../session";
import { SmallLatencyStrip } from "./LatencyStrip";
import { ASSISTANT, noteWords, sourceWords, toolOutcome, toolTitle, understoodWords } from "./plain";

const WORKING = `${ASSISTANT} is working on an answer`;
const TOOL_WORDS = { title: toolTitle, outcome: toolOutcome };

interface Props {
  view: View;
  connected: boolean;
  discard: (messageId: string) => void;
  sendAgain: (text: string) => void;
  files: FileExchange;
  notify: (text: string) => void;
}

export function Thread({ view, connected, discard, sendAgain, files, notify }: Props) {
  const own = `${view.pending.length} ${view.partial === null}`;
  const { box, atEnd, onScroll, toEnd } = useStayAtEnd(view, own);
  const waiting = (view.activity === "thinking" || view.activity === "typing") && openReply(view) === null;
  return (
    <div className="thread-frame">
      <div
        className="thread"
        ref={box}
        onScroll={onScroll}
        role="log"
        aria-live="off"
        aria-label="Messages"
        tabIndex={0}
      >
        <ol>
          {view.items.map((item) => (
            <li key={`${item.kind}-${item.key}`} className={lineLook(item)}>
              {item.kind === "file" ? (
                <Shared item={item} files={files} notify={notify} />
              ) : (
                <Line item={item} />
              )}
            </li>
          ))}
          {view.pending.map((message) => (
            <li key={message.id} className="line line-customer">
              <PendingMessage
                message={message}
                connected={connected}
                discard={discard}
                sendAgain={sendAgain}
              />
            </li>
          ))}
          {view.partial !== null && view.partial.text !== "" && (
            <li className="line line-customer">
              <Caption partial={view.partial} who="You" />
            </li>
          )}
          {view.humanPartial !== null && view.humanPartial.text !== "" && (
            <li className="line line-human">
              <Caption partial={view.humanPartial} who={view.handoff?.agent ?? "Our colleague"} />
            </li>
          )}
          {waiting && (
            <li className="line line-reply">
              <div className="bubble bubble-reply">
                <Dots label={WORKING} />
              </div>
            </li>
          )}
        </ol>
      </div>
      {!atEnd && (
        <button type="button" className="to-end" onClick={toEnd}>
          <ChevronIcon /> Latest
        </button>
      )}
    </div>
  );
}

function Line({ item }: { item: Exclude<Item, FileItem> }) {
  switch (item.kind) {
    case "customer":
      return <Customer item={item} />;
    case "reply":
      return <Reply item={item} />;
    case "human":
      return <Human item={item} />;
    case "tool":
      return <ToolActivity tools={[item.run]} say={TOOL_WORDS} />;
    case "note":
      return <Note item={item} />;
  }
}

function Customer({ item }: { item: CustomerItem }) {
  const understood = understoodWords(item.understood);
  return (
    <>
      <div className="bubble bubble-customer">
        <Words text={item.text} />
      </div>
      <p className="meta">
        {item.channel === "voice" ? "You, spoken" : "You"} · {clock(item.at)}
        {understood !== "" && <span> · understood: {understood}</span>}
      </p>
    </>
  );
}

function Reply({ item }: { item: ReplyItem }) {
  const source = sourceWords(item.source);
  // Cut off before a word of it was heard: the customer knows nothing of it but what was done.
  if (item.done && item.interrupted && item.text === "")
    return <ToolActivity tools={item.tools} say={TOOL_WORDS} />;
  return (
    <>
      <ToolActivity tools={item.tools} say={TOOL_WORDS} />
      <div className="bubble bubble-reply" data-interrupted={item.interrupted} aria-busy={!item.done}>
        {item.text === "" && !item.done ? <Dots label={WORKING} /> : <Words text={item.text} />}
        {item.interrupted && <span className="interrupted">{interruption(item)}</span>}
      </div>
      <Sources citations={item.citations} />
      {item.done && (
        <p className="meta">
          {ASSISTANT} · {clock(item.at)}
          {source !== null && <span> · {source}</span>}
          <SmallLatencyStrip latency={item.latency} />
        </p>
      )}
    </>
  );
}

function interruption({ heardMs }: ReplyItem): string {
  return heardMs === null ? "Stopped" : "Interrupted · this is what you heard";
}

function Human({ item }: { item: HumanItem }) {
  return (
    <>
      <div className="bubble bubble-human">
        <Words text={item.text} />
      </div>
      <p className="meta">
        {item.channel === "voice" ? `${item.agent}, spoken` : item.agent} · {clock(item.at)}
      </p>
    </>
  );
}

function Shared({ item, files, notify }: { item: FileItem } & Pick<Props, "files" | "notify">) {
  return (
    <>
      <FileBubble item={item} files={files} notify={notify} />
      <p className="meta">
        {item.by === "customer" ? "You" : (item.agent ?? "Our colleague")} · {clock(item.at)}
      </p>
    </>
  );
}

function Note({ item }: { item: NoteItem }) {
  const words = noteWords(item.fact);
  if (words === "") return null;
  return (
    <p className="note" data-tone={item.tone}>
      {words}
    </p>
  );
}

interface PendingProps extends Omit<Props, "view" | "files" | "notify"> {
  message: Pending;
}

function PendingMessage({ message, connected, discard, sendAgain }: PendingProps) {
  const retry = () => {
    discard(message.id);
    sendAgain(message.text);
  };
  return (
    <>
      <div className="bubble bubble-customer" data-state={message.state}>
        <Words text={message.text} />
      </div>
      {message.state === "refused" ? (
        <p className="meta meta-refused">
          Not sent: {message.reason}{" "}
          <button type="button" className="text-button" onClick={retry}>
            Try again
          </button>{" "}
          <button type="button" className="text-button" onClick={() => discard(message.id)}>
            Remove
          </button>
        </p>
      ) : (
        <p className="meta">{connected ? "Sending…" : "Will be sent when the connection is back"}</p>
      )}
    </>
  );
}
