/** The message field. Enter sends, Shift+Enter breaks the line; during a call, too. */
import { type KeyboardEvent, type ReactNode, type RefObject, useState } from "react";
import { MESSAGE_MAX_CHARS } from "../wire";
import { SendIcon, StopIcon } from "../page/icons";

interface Props {
  field: RefObject<HTMLTextAreaElement | null>;
  inCall: boolean;
  answering: boolean;
  send: (text: string) => void;
  typing: () => void;
  stop: () => void;
  /** The control for files. */
  attach: ReactNode;
}

const COUNT_FROM = MESSAGE_MAX_CHARS - 400;

export function Composer({ field, inCall, answering, send, typing, stop, attach }: Props) {
  const [text, setText] = useState("");
  const submit = () => {
    const message = text.trim();
    if (message === "") return;
    send(message);
    setText("");
  };
  const onKeyDown = (event: KeyboardEvent) => {
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
      {attach}
      <div className="field" data-value={text}>
        <label className="hidden" htmlFor="message">
          Your message
        </label>
        <textarea
          id="message"
          ref={field}
          rows={1}
          value={text}
          maxLength={MESSAGE_MAX_CHARS}
          placeholder={inCall ? "Or write, while we talk" : "Write a message"}
          onChange={(event) => {
            setText(event.target.value);
            typing();
          }}
          onKeyDown={onKeyDown}
          enterKeyHint="send"
          autoComplete="off"
        />
      </div>
      {text.length >= COUNT_FROM && (
        <span className="count" role="status">
          {MESSAGE_MAX_CHARS - text.length} characters left
        </span>
      )}
      {answering && text.trim() === "" ? (
        <button
          type="button"
          className="send"
          onClick={stop}
          aria-label="Stop the answer"
          title="Stop the answer (Esc)"
        >
          <StopIcon />
        </button>
      ) : (
        <button
          type="submit"
          className="send"
          disabled={text.trim() === ""}
          aria-label="Send"
          title="Send (Enter)"
        >
          <SendIcon />
        </button>
      )}
    </form>
  );
}
