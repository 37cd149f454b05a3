/**
 * The chosen contact's conversation as it happens: customer, bot, people of ours, tools, notes, marks of the
 * handoff.
 */
import type { FileExchange } from "../files";
import type { CustomerItem, FileItem, HumanItem, Item, NoteItem, ReplyItem } from "../lines";
import { lineLook, openReply } from "../lines";
import { Caption, Dots, Sources, Words } from "../page/bubbles";
import { clock } from "../page/clock";
import { FileBubble } from "../page/FileBubble";
import { ChevronIcon } from "../page/icons";
import { ToolActivity } from "../page/ToolActivity";
import { useStayAtEnd } from "../page/useStayAtEnd";
import type { Pending } from "../session";
import { type Contact, customerName } from "./contact";
import { markWords, purposeWords, toolOutcome, toolTitle } from "./plain";
import { turnElementId } from "./turns";

const TOOL_WORDS = { title: toolTitle, outcome: toolOutcome };

interface Props {
  contact: Contact;
  /** The agent who looks. */
  agentId: string;
  connected: boolean;
  discard: (id: string) => void;
  sendAgain: (text: string) => void;
  files: FileExchange;
  notify: (text: string) => void;
}

export function Transcript({ contact, agentId, connected, discard, sendAgain, files, notify }: Props) {
  const { view, info, typing } = contact;
  const { box, atEnd, onScroll, toEnd } = useStayAtEnd(view, view.pending.length);
  const name = customerName(contact);
  const working = view.activity === "thinking" || view.activity === "typing";
  return (
    <div className="thread-frame">
      <div
        className="thread"
        ref={box}
        onScroll={onScroll}
        role="log"
        aria-live="off"
        aria-label={`Conversation with ${name}`}
        tabIndex={0}
      >
        <ol>
          {view.items.map((item) => (
            <li
              key={`${item.kind}-${item.key}`}
              id={turnElementId(info.session, item.key)}
              className={lineLook(item)}
              data-own={(item.kind === "human" || item.kind === "file") && item.agentId === agentId}
              tabIndex={-1}
            >
              {item.kind === "file" ? (
                <Shared item={item} name={name} agentId={agentId} files={files} notify={notify} />
              ) : (
                <Line item={item} name={name} agentId={agentId} />
              )}
            </li>
          ))}
          {view.pending.map((message) => (
            <li key={message.id} className="line line-human" data-own="true">
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
              <Caption partial={view.partial} who={name} />
            </li>
          )}
          {view.humanPartial !== null && view.humanPartial.text !== "" && (
            <li className="line line-human" data-own={info.agent_id === agentId}>
              <Caption partial={view.humanPartial} who={info.agent_id === agentId ? "You" : "Agent"} />
            </li>
          )}
          {typing && (
            <li className="line line-customer">
              <div className="bubble bubble-customer">
                <Dots label={`${name} is typing`} />
              </div>
            </li>
          )}
          {working && info.floor === "bot" && openReply(view) === null && (
            <li className="line line-reply">
              <div className="bubble bubble-reply">
                <Dots label="The bot is working on an answer" />
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

interface LineProps<T> {
  item: T;
  name: string;
  agentId: string;
}

function Line({ item, name, agentId }: LineProps<Exclude<Item, FileItem>>) {
  switch (item.kind) {
    case "customer":
      return <Customer item={item} name={name} />;
    case "human":
      return <Human item={item} own={item.agentId === agentId} />;
    case "reply":
      return <Reply item={item} />;
    case "tool":
      return <ToolActivity tools={[item.run]} say={TOOL_WORDS} />;
    case "note":
      return <Mark item={item} />;
  }
}

function Customer({ item, name }: { item: CustomerItem; name: string }) {
  return (
    <>
      <div className="bubble bubble-customer">
        <Words text={item.text} />
      </div>
      <p className="meta">
        {name}
        {item.channel === "voice" && ", spoken"} · {clock(item.at)}
      </p>
    </>
  );
}

function Human({ item, own }: { item: HumanItem; own: boolean }) {
  return (
    <>
      <div className="bubble bubble-human">
        <Words text={item.text} />
      </div>
      <p className="meta">
        {own ? "You" : item.agent}
        {item.channel === "voice" && ", spoken"} · {clock(item.at)}
      </p>
    </>
  );
}

function Reply({ item }: { item: ReplyItem }) {
  // Cut off before a word of it was heard: the customer knows nothing of it but what was done.
  const unheard = item.done && item.interrupted && item.text === "";
  return (
    <>
      <ToolActivity tools={item.tools} say={TOOL_WORDS} />
      {!unheard && (
        <>
          <div className="bubble bubble-reply" data-interrupted={item.interrupted} aria-busy={!item.done}>
            {item.text === "" && !item.done ? (
              <Dots label="The bot is working on an answer" />
            ) : (
              <Words text={item.text} />
            )}
            {item.interrupted && <span className="interrupted">Interrupted · this is what was heard</span>}
          </div>
          <Sources citations={item.citations} />
          {item.done && <p className="meta">Bot · {clock(item.at)}</p>}
        </>
      )}
    </>
  );
}

function Shared({
  item,
  name,
  agentId,
  files,
  notify,
}: LineProps<FileItem> & Pick<Props, "files" | "notify">) {
  const colleague = item.agentId === agentId ? "You" : (item.agent ?? "Agent");
  return (
    <>
      <FileBubble item={item} files={files} notify={notify} />
      <p className="meta">
        {item.by === "customer" ? name : colleague} · {clock(item.at)}
      </p>
    </>
  );
}

/** A note of ours stands as a card, what happened as a mark between two lines. */
function Mark({ item }: { item: NoteItem }) {
  const { fact } = item;
  if (fact.type === "note.added") {
    return (
      <div className="note-card">
        <p className="meta">
          {purposeWords(fact.purpose)} by {fact.agent} · {clock(item.at)} · not seen by the customer
        </p>
        <Words text={fact.pii.text} />
      </div>
    );
  }
  const words = markWords(fact);
  if (words === "") return null;
  return (
    <p className="happened" data-tone={item.tone}>
      <span>
        {words} · {clock(item.at)}
      </span>
    </p>
  );
}

interface PendingProps extends Pick<Props, "connected" | "discard" | "sendAgain"> {
  message: Pending;
}

function PendingMessage({ message, connected, discard, sendAgain }: PendingProps) {
  const retry = () => {
    discard(message.id);
    sendAgain(message.text);
  };
  return (
    <>
      <div className="bubble bubble-human" data-state={message.state}>
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
