/** A modal dialog with a title and a way out; the keyboard stays inside it (HTML `dialog`). */
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
  const titleId = useId();
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);
  return (
    <dialog ref={dialog} className={`dialog ${look}`.trim()} aria-labelledby={titleId} onClose={onClose}>
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
