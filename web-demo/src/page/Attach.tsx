/** The clip beside a message field: sends one file at a time, and shows how far it is. */
import { useId, useRef, useState } from "react";
import { type FileExchange, FileFailed, OFFERED_TYPES } from "../files";
import { IconButton } from "./buttons";
import { ClipIcon, CloseIcon } from "./icons";

interface Props {
  files: FileExchange;
  /** Why no file can be sent now; null when one can. */
  closed: string | null;
  notify: (text: string) => void;
}

interface Sending {
  name: string;
  /** 0 to 1. */
  part: number;
  abort: AbortController;
}

export function Attach({ files, closed, notify }: Props) {
  const [sending, setSending] = useState<Sending | null>(null);
  const input = useRef<HTMLInputElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const whyId = useId();
  const why = closed ?? (sending === null ? null : `${sending.name} is on its way.`);
  const send = async (file: File) => {
    const abort = new AbortController();
    setSending({ name: file.name, part: 0, abort });
    const progress = (part: number) => setSending((now) => (now?.abort === abort ? { ...now, part } : now));
    try {
      await files.send(file, progress, abort.signal);
    } catch (error) {
      if (!(error instanceof FileFailed)) throw error;
      if (error.code !== "cancelled") notify(`Not sent: ${error.message}`);
    } finally {
      setSending((now) => (now?.abort === abort ? null : now));
    }
  };
  return (
    <>
      <input
        ref={input}
        type="file"
        accept={OFFERED_TYPES}
        aria-label="File to send"
        hidden
        onChange={(event) => {
          const file = event.target.files?.[0];
          event.target.value = ""; // the same file may be chosen again
          if (file !== undefined) void send(file);
        }}
      />
      <button
        ref={button}
        type="button"
        className="icon-button attach"
        aria-label="Attach a file"
        aria-disabled={why !== null}
        aria-describedby={why === null ? undefined : whyId}
        title={why ?? "Attach a file"}
        onClick={() => (why === null ? input.current?.click() : notify(why))}
      >
        <ClipIcon />
      </button>
      {why !== null && (
        <span className="hidden" id={whyId}>
          {why}
        </span>
      )}
      {sending !== null && (
        <div className="uploading">
          <span role="status">Sending {sending.name}</span>
          <progress aria-label={`Sending ${sending.name}`} max={1} value={sending.part} />
          <IconButton
            label={`Stop sending ${sending.name}`}
            onClick={() => {
              sending.abort.abort();
              button.current?.focus();
            }}
          >
            <CloseIcon />
          </IconButton>
        </div>
      )}
    </>
  );
}
