/**
 * A modal dialog with a title and a way out; the keyboard stays inside it (HTML `dialog`), and begins at what
 * is marked `data-first`.
 */
import { type ReactNode, useEffect, useId, useRef } from "react";
import { IconButton } from "./buttons";
import { CloseIcon } from "./icons";

interface Props {
  open: boolean;
  title: string;
  /** Further class names, e.g. for another width. */
  look?: string;
  onClose: () => void;
  children: ReactNode;
}

export function Dialog({ open, title, look = "", onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  /** Its `close` event comes late, perhaps when it is open again: one that we caused tells nothing. */
  const closing = useRef(false);
  const titleId = useId();
  useEffect(() => {
    const shown = dialog.current;
    if (open) {
      shown?.showModal();
      shown?.querySelector<HTMLElement>("[data-first]")?.focus();
    } else if (shown?.open) {
      closing.current = true;
      shown.close();
    }
  }, [open]);
  const closed = () => {
    if (!closing.current) onClose();
    closing.current = false;
  };
  return (
    <dialog ref={dialog} className={`dialog ${look}`.trim()} aria-labelledby={titleId} onClose={closed}>
      <div className="dialog-head">
        <h2 id={titleId}>{title}</h2>
        <IconButton label="Close" onClick={onClose}>
          <CloseIcon />
        </IconButton>
      </div>
      {children}
    </dialog>
  );
}
