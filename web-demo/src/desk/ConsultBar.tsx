/** While a consult lasts: for who asks, below the contact's bar; for who was asked, in its place. */
import { consultWords } from "./consult";
import type { Consult } from "./deskWire";
import { elapsed } from "./plain";
import { useBusy } from "./useBusy";
import type { DeskControl } from "./useDesk";

interface Props {
  consult: Consult;
  control: DeskControl;
  now: number;
}

export function AskingBar({ consult, control, now }: Props) {
  const { session, state, colleague } = consult;
  const [busy, during] = useBusy();
  const end = (how: "back" | "hand_over") => void during(control.act({ type: "consult_end", session, how }));
  return (
    <Bar consult={consult} now={now} label={`You ask ${colleague}`}>
      {state === "asked" ? (
        <button type="button" disabled={busy} onClick={() => end("back")}>
          Ask no more
        </button>
      ) : (
        <>
          <button type="button" disabled={busy} onClick={() => end("back")}>
            Back to the customer
          </button>
          <button type="button" disabled={busy} onClick={() => end("hand_over")}>
            Hand over
          </button>
        </>
      )}
    </Bar>
  );
}

export function ConsultedBar({ consult, control, now }: Props) {
  const { session, agent } = consult;
  const [busy, during] = useBusy();
  return (
    <Bar consult={consult} now={now} label={`${agent} asks you`}>
      <button
        type="button"
        disabled={busy}
        onClick={() => void during(control.act({ type: "consult_end", session, how: "back" }))}
      >
        Leave
      </button>
    </Bar>
  );
}

interface BarProps extends Omit<Props, "control"> {
  label: string;
  /** The buttons. */
  children: React.ReactNode;
}

function Bar({ consult, now, label, children }: BarProps) {
  return (
    <section className="consult-bar" aria-label={label} data-state={consult.state}>
      <p role="status">{consultWords(consult)}</p>
      <span className="ticking">{elapsed(now - consult.since)}</span>
      <div className="consult-actions">{children}</div>
    </section>
  );
}
