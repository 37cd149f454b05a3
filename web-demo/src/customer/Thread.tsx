/** The conversation, oldest first; stays at its end unless somebody scrolled up to read. */
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import {
  type CustomerItem,
  type Item,
  type NoteItem,
  type Pending,
  type ReplyItem,
  type View,
  firmness,
  openReply,
} from "../session";
import { ArticleIcon, ChevronIcon } from "./icons";
import { SmallLatencyStrip } from "./LatencyStrip";
import { ASSISTANT, noteWords, sourceWords, understoodWords } from "./plain";
import { ToolActivity } from "./ToolActivity";
import { clock } from "./transcript";

interface Props {
  view: View;
  connected: boolean;
  discard: (messageId: string) => void;
  sendAgain: (text: string) => void;
}

export function Thread({ view, connected, discard, sendAgain }: Props) {
  const { box, atEnd, onScroll, toEnd } = useStayAtEnd(view);
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
            <li key={`${item.kind}-${item.key}`} className={`line line-${item.kind}`}>
              <Line item={item} />
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
              <Caption partial={view.partial} />
            </li>
          )}
          {waiting && (
            <li className="line line-reply">
              <div className="bubble bubble-reply">
                <Dots />
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

function Line({ item }: { item: Item }) {
  switch (item.kind) {
    case "customer":
      return <Customer item={item} />;
    case "reply":
      return <Reply item={item} />;
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
  if (item.done && item.interrupted && item.text === "") return <ToolActivity tools={item.tools} />;
  return (
    <>
      <ToolActivity tools={item.tools} />
      <div className="bubble bubble-reply" data-interrupted={item.interrupted} aria-busy={!item.done}>
        {item.text === "" && !item.done ? <Dots /> : <Words text={item.text} />}
        {item.interrupted && <span className="interrupted">{interruption(item)}</span>}
      </div>
      <Sources item={item} />
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

function Sources({ item }: { item: ReplyItem }) {
  if (item.citations.length === 0) return null;
  return (
    <ul className="sources" aria-label="Sources">
      {item.citations.map((cited) => (
        <li key={cited.passage_id}>
          <a href={`/articles/${encodeURIComponent(cited.article)}`} target="_blank" rel="noopener">
            <ArticleIcon />
            <span>
              <strong>{cited.title}</strong>
              {cited.heading !== "" && <span>{cited.heading}</span>}
            </span>
          </a>
        </li>
      ))}
    </ul>
  );
}

function Note({ item }: { item: NoteItem }) {
  return (
    <p className="note" data-tone={item.tone}>
      {noteWords(item.fact)}
    </p>
  );
}

interface PendingProps extends Omit<Props, "view"> {
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

function Caption({ partial }: { partial: NonNullable<View["partial"]> }) {
  const [firm, soft] = firmness(partial);
  return (
    <>
      <div className="bubble bubble-customer bubble-caption">
        <p>
          {firm}
          <span className="soft">{soft}</span>
        </p>
      </div>
      <p className="meta">You, speaking…</p>
    </>
  );
}

/** Text with its line breaks; an erased person's words are gone. */
function Words({ text }: { text: string }) {
  return text === "" ? <p className="soft">(removed)</p> : <p>{text}</p>;
}

function Dots() {
  return (
    <span className="dots" role="img" aria-label={`${ASSISTANT} is working on an answer`}>
      <span />
      <span />
      <span />
    </span>
  );
}

const NEAR_END_PX = 80;

function useStayAtEnd(view: View) {
  const box = useRef<HTMLDivElement>(null);
  const [atEnd, setAtEnd] = useState(true);
  const toEnd = useCallback(() => {
    if (box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, []);
  const onScroll = useCallback(() => {
    if (box.current === null) return;
    const { scrollHeight, scrollTop, clientHeight } = box.current;
    setAtEnd(scrollHeight - scrollTop - clientHeight < NEAR_END_PX);
  }, []);
  useLayoutEffect(() => {
    if (atEnd) toEnd();
  }, [view, atEnd, toEnd]);
  // What somebody writes or says now is what they want to see.
  useLayoutEffect(toEnd, [view.pending.length, view.partial === null, toEnd]);
  useEffect(() => {
    if (box.current === null || !atEnd) return;
    const resized = new ResizeObserver(toEnd);
    resized.observe(box.current);
    return () => resized.disconnect();
  }, [atEnd, toEnd]);
  return { box, atEnd, onScroll, toEnd };
}
