/** After a contact: the drafted summary to edit, how it ended, what is still to be done. */
import { useState } from "react";
import { draftNotes } from "./briefing";
import { type Contact, customerName } from "./contact";
import { useBusy } from "./useBusy";
import type { DeskControl } from "./useDesk";
import { useWrapUpDraft } from "./useWrapUpDraft";

export function WrapUp({ contact, control }: { contact: Contact; control: DeskControl }) {
  const { session } = contact.info;
  const { dispositions } = control.state;
  // Until somebody edits it, the draft follows the briefing, which may still be learning.
  const [edited, setEdited] = useState<string | null>(null);
  const drafted = useWrapUpDraft(session, contact.briefing);
  const notes = edited ?? drafted ?? draftNotes(contact.briefing);
  const [disposition, setDisposition] = useState("");
  const [follows, setFollows] = useState(false);
  const [task, setTask] = useState("");
  const [due, setDue] = useState("");
  const [busy, during] = useBusy();
  const followUp =
    follows && task.trim() !== "" ? { task: task.trim(), ...(due === "" ? {} : { due }) } : null;
  const save = () =>
    during(
      control.act({
        type: "wrap_up",
        session,
        disposition,
        notes: notes.trim(),
        ...(followUp === null ? {} : { follow_up: followUp }),
      }),
    );
  return (
    <form
      className="wrap-up form"
      aria-labelledby="wrap-up-title"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <h3 id="wrap-up-title">Wrap-up: {customerName(contact)}</h3>
      <div className="wrap-up-fields">
        <div>
          <label htmlFor="wrap-up-notes">
            Summary {edited === null && notes !== "" && "(drafted for you)"}
          </label>
          <textarea
            id="wrap-up-notes"
            rows={5}
            maxLength={4000}
            value={notes}
            onChange={(event) => setEdited(event.target.value)}
          />
        </div>
        <div>
          <label htmlFor="disposition">How did it end?</label>
          <select
            id="disposition"
            value={disposition}
            required
            onChange={(event) => setDisposition(event.target.value)}
          >
            <option value="" disabled>
              Please choose
            </option>
            {dispositions.map(({ code, title }) => (
              <option key={code} value={code}>
                {title === "" ? code : title}
              </option>
            ))}
          </select>
          <label className="check">
            <input type="checkbox" checked={follows} onChange={(event) => setFollows(event.target.checked)} />
            Something is still to be done
          </label>
          {follows && (
            <>
              <label htmlFor="follow-up">What?</label>
              <input
                id="follow-up"
                value={task}
                maxLength={400}
                required
                onChange={(event) => setTask(event.target.value)}
              />
              <label htmlFor="due">Until when? (optional)</label>
              <input
                id="due"
                type="date"
                value={due}
                min={today()}
                onChange={(event) => setDue(event.target.value)}
              />
            </>
          )}
        </div>
      </div>
      <button type="submit" className="wide wide-strong" disabled={busy}>
        {busy ? "Saving…" : "Save and close"}
      </button>
    </form>
  );
}

/** The local date, as a date field writes it. */
function today(): string {
  const now = new Date();
  const two = (value: number) => String(value).padStart(2, "0");
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}
