/**
 * What the agent writes to the customer. Enter sends, Shift+Enter breaks the line; `/` at the beginning
 * offers the canned replies. What is not sent stays with its contact.
 */
import { type KeyboardEvent, type ReactNode, type RefObject, useId, useState } from "react";
import { SendIcon } from "../page/icons";
import { MESSAGE_MAX_CHARS } from "../wire";
import type { Contact } from "./contact";
import type { Canned } from "./deskWire";

interface Props {
  field: RefObject<HTMLTextAreaElement | null>;
  contact: Contact;
  canned: Canned[];
  /** Why the agent cannot write now; null when they can. */
  closed: string | null;
  send: (text: string) => void;
  typing: () => void;
  draft: (text: string) => void;
  /** The control for files. */
  attach: ReactNode;
}

const COUNT_FROM = MESSAGE_MAX_CHARS - 400;

export function Composer({ field, contact, canned, closed, send, typing, draft, attach }: Props) {
  const { draft: text } = contact;
  const menu = useCanned(text, closed === null ? canned : []);
  const listId = useId();
  const submit = () => {
    const message = text.trim();
    if (message === "" || closed !== null) return;
    send(message);
  };
  const take = (reply: Canned) => {
    draft(reply.text);
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (menu.onKeyDown(event, take)) return;
    // While an input method composes, Enter belongs to it.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    submit();
  };
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {menu.open && (
        <ul className="canned" id={listId} role="listbox" aria-label="Canned replies">
          {menu.shown.map((reply, index) => (
            <li
              key={reply.key}
              id={`${listId}-${index}`}
              role="option"
              aria-selected={index === menu.at}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => take(reply)}
            >
              <strong>{reply.title === "" ? reply.key : reply.title}</strong>
              <span>{reply.text}</span>
            </li>
          ))}
        </ul>
      )}
      {attach}
      <div className="field" data-value={text} data-closed={closed !== null}>
        <label className="hidden" htmlFor="message">
          Message to the customer
        </label>
        <textarea
          id="message"
          ref={field}
          rows={1}
          value={text}
          disabled={closed !== null}
          maxLength={MESSAGE_MAX_CHARS}
          placeholder={
            closed ?? (canned.length > 0 ? "Write, or / for a canned reply" : "Write to the customer")
          }
          onChange={(event) => {
            draft(event.target.value);
            if (!event.target.value.startsWith("/")) typing();
          }}
          onKeyDown={onKeyDown}
          enterKeyHint="send"
          autoComplete="off"
          aria-autocomplete="list"
          aria-controls={menu.open ? listId : undefined}
          aria-activedescendant={menu.open ? `${listId}-${menu.at}` : undefined}
        />
      </div>
      {text.length >= COUNT_FROM && (
        <span className="count" role="status">
          {MESSAGE_MAX_CHARS - text.length} characters left
        </span>
      )}
      <button
        type="submit"
        className="send"
        disabled={text.trim() === "" || closed !== null}
        aria-label="Send"
        title="Send (Enter)"
      >
        <SendIcon />
      </button>
    </form>
  );
}

/** The menu of canned replies that `/` opens. */
function useCanned(text: string, canned: Canned[]) {
  const [at, setAt] = useState(0);
  const [left, setLeft] = useState<string | null>(null);
  const wanted = text.startsWith("/") && !text.includes("\n") ? text.slice(1).toLowerCase() : null;
  const shown =
    wanted === null
      ? []
      : canned.filter(({ key, title, text: words }) =>
          `${key} ${title} ${words}`.toLowerCase().includes(wanted),
        );
  const open = shown.length > 0 && left !== text;
  const chosen = Math.min(at, shown.length - 1);
  const onKeyDown = (event: KeyboardEvent, take: (reply: Canned) => void): boolean => {
    if (!open) return false;
    const reply = shown[chosen];
    if (event.key === "ArrowDown") setAt((chosen + 1) % shown.length);
    else if (event.key === "ArrowUp") setAt((chosen - 1 + shown.length) % shown.length);
    else if (event.key === "Escape") setLeft(text);
    else if ((event.key === "Enter" || event.key === "Tab") && reply !== undefined) take(reply);
    else return false;
    event.preventDefault();
    return true;
  };
  return { open, shown, at: Math.max(0, chosen), onKeyDown };
}
