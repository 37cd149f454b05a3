/** Short messages about faults and small successes; they block nothing and go when dismissed or after a while. */
import { useEffect } from "react";
import { IconButton } from "./buttons";
import { CloseIcon } from "./icons";
import type { Notice } from "./useNotices";

const SHOWN_MS = 10_000;

export function Notices({ notices, dismiss }: { notices: Notice[]; dismiss: (id: number) => void }) {
  return (
    <div className="notices" role="status" aria-label="Notices">
      {notices.map((notice) => (
        <Message key={notice.id} notice={notice} dismiss={dismiss} />
      ))}
    </div>
  );
}

function Message({ notice, dismiss }: { notice: Notice; dismiss: (id: number) => void }) {
  const { id, text } = notice;
  useEffect(() => {
    const timer = setTimeout(() => dismiss(id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [id, dismiss]);
  return (
    <div className="notice">
      <p>{text}</p>
      <IconButton label="Dismiss" onClick={() => dismiss(id)}>
        <CloseIcon />
      </IconButton>
    </div>
  );
}
