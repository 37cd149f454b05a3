/**
 * The dialogs of the call bar: keypad, hand back, transfer, end. Each belongs to one contact and closes with
 * it.
 */
import { type KeyboardEvent, type ReactNode, useState } from "react";
import { Dialog } from "../page/Dialog";
import type { CallDialog } from "./CallBar";
import { askingAbout } from "./consult";
import { type Contact, customerName, isTalking } from "./contact";
import type { Colleague, QueueInfo } from "./deskWire";
import { queueTitle } from "./plain";
import { useBusy } from "./useBusy";
import type { DeskControl } from "./useDesk";

interface Props {
  contact: Contact;
  control: DeskControl;
  close: () => void;
}

const TITLES: Record<CallDialog, string> = {
  keypad: "Keypad",
  handBack: "Hand back to the bot",
  transfer: "Transfer",
  end: "End the conversation?",
};

export function CallDialogs({ dialog, ...props }: Props & { dialog: CallDialog | null }) {
  return (
    <Dialog open={dialog !== null} title={dialog === null ? "" : TITLES[dialog]} onClose={props.close}>
      {dialog === "keypad" && <Keypad {...props} />}
      {dialog === "handBack" && <HandBack {...props} />}
      {dialog === "transfer" && <Transfer {...props} />}
      {dialog === "end" && <End {...props} />}
    </Dialog>
  );
}

const DIGITS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];

function Keypad({ contact, control }: Props) {
  const { session } = contact.info;
  const [pressed, setPressed] = useState("");
  const press = (digits: string) => {
    setPressed((former) => (former + digits).slice(-20));
    void control.act({ type: "press", session, digits });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (!event.altKey && !event.ctrlKey && !event.metaKey && DIGITS.includes(event.key)) press(event.key);
  };
  return (
    <div className="keypad" onKeyDown={onKeyDown}>
      <p role="status" aria-label="Pressed">
        {pressed === "" ? "Press keys, or type digits" : pressed}
      </p>
      <div>
        {DIGITS.map((digit, index) => (
          <button
            key={digit}
            type="button"
            data-first={index === 0 || undefined}
            onClick={() => press(digit)}
          >
            {digit}
          </button>
        ))}
      </div>
    </div>
  );
}

function HandBack({ contact, control, close }: Props) {
  const { session } = contact.info;
  const [note, setNote] = useState("");
  const [busy, during] = useBusy();
  const submit = async () => {
    if (await during(control.act({ type: "hand_back", session, note: note.trim() }))) close();
  };
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <p>The bot goes on with {customerName(contact)}. It knows all that was said since you came.</p>
      <label htmlFor="hand-back-note">What should it know besides? (optional)</label>
      <textarea
        id="hand-back-note"
        rows={3}
        maxLength={4000}
        value={note}
        data-first
        placeholder="E.g. the refund of $40 is agreed; only the address is still missing."
        onChange={(event) => setNote(event.target.value)}
      />
      <Buttons busy={busy} yes="Hand back" no={close} />
    </form>
  );
}

type Target = { queue: string } | { agent: string };

function Transfer({ contact, control, close }: Props) {
  const { session, queue: own } = contact.info;
  const { queues, colleagues, agent } = control.state;
  const [target, setTarget] = useState<Target | null>(null);
  const [note, setNote] = useState("");
  const [busy, during] = useBusy();
  const others = colleagues.filter(
    ({ agent_id, state }) => agent_id !== agent?.agent_id && state !== "offline",
  );
  const wanted = target !== null && "agent" in target ? target.agent : null;
  const colleague = others.find(({ agent_id }) => agent_id === wanted);
  const mayAsk = isTalking(contact) && askingAbout(control.state.consults, session) === null;
  const askFirst = async () => {
    if (colleague === undefined) return;
    if (await during(control.act({ type: "consult", session, agent: colleague.agent_id }))) close();
  };
  const submit = async () => {
    if (target === null) return;
    const done = await during(control.act({ type: "transfer", session, note: note.trim(), ...target }));
    if (done) close();
  };
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <fieldset className="targets">
        <legend>To a queue</legend>
        {queues.map((queue, index) => (
          <QueueTarget
            key={queue.queue}
            queue={queue}
            own={queue.queue === own}
            first={index === 0}
            choose={setTarget}
          />
        ))}
      </fieldset>
      <fieldset className="targets">
        <legend>To a colleague</legend>
        {others.length === 0 && <p className="hint">No colleague is here.</p>}
        {others.map((colleague) => (
          <ColleagueTarget key={colleague.agent_id} colleague={colleague} choose={setTarget} />
        ))}
      </fieldset>
      <label htmlFor="transfer-note">A note for whoever takes over (optional)</label>
      <textarea
        id="transfer-note"
        rows={2}
        maxLength={4000}
        value={note}
        onChange={(event) => setNote(event.target.value)}
      />
      {mayAsk && (
        <p className="hint" id="ask-first">
          A colleague who is not in a call can be asked first. The customer hears music while you talk.
        </p>
      )}
      <Buttons busy={busy} yes="Transfer" no={close} disabled={target === null}>
        {mayAsk && (
          <button
            type="button"
            className="wide"
            aria-describedby="ask-first"
            disabled={busy || colleague === undefined || colleague.contacts.voice > 0}
            onClick={() => void askFirst()}
          >
            Ask first
          </button>
        )}
      </Buttons>
    </form>
  );
}

interface TargetProps {
  choose: (target: Target) => void;
}

interface QueueTargetProps extends TargetProps {
  queue: QueueInfo;
  /** The contact came through this one. */
  own: boolean;
  first: boolean;
}

function QueueTarget({ queue, own, first, choose }: QueueTargetProps) {
  return (
    <label className="target">
      <input
        type="radio"
        name="target"
        data-first={first || undefined}
        onChange={() => choose({ queue: queue.queue })}
      />
      <span>{queueTitle([queue], queue.queue)}</span>
      {own && <span className="hint">where they came from</span>}
    </label>
  );
}

function ColleagueTarget({ colleague, choose }: TargetProps & { colleague: Colleague }) {
  const { agent_id, name, state, contacts } = colleague;
  const busy = contacts.voice > 0 ? "in a call" : contacts.chat > 0 ? `${contacts.chat} chats` : "free";
  return (
    <label className="target">
      <input type="radio" name="target" onChange={() => choose({ agent: agent_id })} />
      <span className="dot" aria-hidden="true" data-state={state} />
      <span>{name}</span>
      <span className="hint">{state === "available" ? busy : "away"}</span>
    </label>
  );
}

function End({ contact, control, close }: Props) {
  const { session, channel } = contact.info;
  const [busy, during] = useBusy();
  const submit = async () => {
    if (await during(control.act({ type: "end", session }))) close();
  };
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <p>
        {channel === "voice" ? "The call with " : "The chat with "}
        {customerName(contact)} ends, and you write down how it went.
      </p>
      <Buttons busy={busy} yes="End it" no={close} danger />
    </form>
  );
}

interface ButtonsProps {
  busy: boolean;
  yes: string;
  no: () => void;
  disabled?: boolean;
  danger?: boolean;
  /** Another way to go on. */
  children?: ReactNode;
}

function Buttons({ busy, yes, no, disabled = false, danger = false, children }: ButtonsProps) {
  return (
    <div className="buttons">
      <button type="button" className="wide" onClick={no}>
        Cancel
      </button>
      {children}
      <button
        type="submit"
        className={danger ? "wide wide-danger" : "wide wide-strong"}
        data-first={danger || undefined}
        disabled={busy || disabled}
      >
        {busy ? "One moment…" : yes}
      </button>
    </div>
  );
}
