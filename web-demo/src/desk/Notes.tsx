/** Notes for colleagues, which the customer never sees. */
import { useState } from "react";
import { clock } from "../page/clock";
import type { Contact } from "./contact";
import { purposeWords } from "./plain";
import { useBusy } from "./useBusy";
import type { DeskControl } from "./useDesk";

export function Notes({ contact, control }: { contact: Contact; control: DeskControl }) {
  const { session } = contact.info;
  const [text, setText] = useState("");
  const [busy, during] = useBusy();
  const notes = contact.view.items.flatMap((item) =>
    item.kind === "note" && item.fact.type === "note.added" ? [{ ...item, fact: item.fact }] : [],
  );
  const submit = async () => {
    if (text.trim() === "") return;
    if (await during(control.act({ type: "note", session, text: text.trim() }))) setText("");
  };
  return (
    <div className="notes-panel">
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <label htmlFor="note">New note</label>
        <textarea
          id="note"
          rows={3}
          maxLength={4000}
          value={text}
          placeholder="Only your colleagues see it."
          onChange={(event) => setText(event.target.value)}
        />
        <button type="submit" className="wide" disabled={busy || text.trim() === ""}>
          {busy ? "Saving…" : "Save note"}
        </button>
      </form>
      {notes.length === 0 && <p className="hint">No notes yet.</p>}
      <ol>
        {notes.toReversed().map(({ key, at, fact }) => (
          <li key={key} className="note-card">
            <p className="meta">
              {purposeWords(fact.purpose)} by {fact.agent} · {clock(at)}
            </p>
            <p>{fact.pii.text}</p>
          </li>
        ))}
      </ol>
    </div>
  );
}
