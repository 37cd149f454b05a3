/** What can be done with the contact that the agent has: hold, mute, keys, hand back, transfer, end. */
import { duration } from "../page/clock";
import { HangUpIcon, MicIcon, MicOffIcon, PhoneIcon } from "../page/icons";
import { askingAbout } from "./consult";
import { AskingBar } from "./ConsultBar";
import { type Contact, customerName, isTalking } from "./contact";
import type { DeskControl } from "./useDesk";
import { BotIcon, ChatIcon, HoldIcon, KeypadIcon, TransferIcon } from "./icons";
import { elapsed, ownStateWords } from "./plain";
import { useBusy } from "./useBusy";

export type CallDialog = "keypad" | "handBack" | "transfer" | "end";

interface Props {
  contact: Contact;
  control: DeskControl;
  now: number;
  open: (dialog: CallDialog) => void;
}

export function CallBar({ contact, control, now, open }: Props) {
  const { info } = contact;
  const consult = askingAbout(control.state.consults, info.session);
  return (
    <>
      <div className="call-bar" data-state={info.state} data-hold={info.hold}>
        <div className="call-who">
          <span className="contact-mark">{info.channel === "voice" ? <PhoneIcon /> : <ChatIcon />}</span>
          <div>
            <h2>{customerName(contact)}</h2>
            <p>
              {ownStateWords(info)} · <span className="ticking">{elapsed(now - info.since)}</span>
              {info.supervisors > 0 && " · a supervisor is here"}
            </p>
          </div>
        </div>
        {info.state === "briefing" && <ConnectButton contact={contact} control={control} now={now} />}
        {(info.state === "human_active" || info.state === "bridging") && (
          <div className="call-actions" role="toolbar" aria-label="Contact">
            {isTalking(contact) && <VoiceButtons contact={contact} control={control} open={open} />}
            <Action label="To the bot" onClick={() => open("handBack")}>
              <BotIcon />
            </Action>
            <Action label="Transfer" onClick={() => open("transfer")}>
              <TransferIcon />
            </Action>
            <Action label="End" look="end" onClick={() => open("end")}>
              <HangUpIcon />
            </Action>
          </div>
        )}
      </div>
      {consult !== null && <AskingBar consult={consult} control={control} now={now} />}
    </>
  );
}

function VoiceButtons({ contact, control, open }: Omit<Props, "now">) {
  const { session, hold, muted } = contact.info;
  const [busy, during] = useBusy();
  // While a colleague is talked with, what ends the music is going back.
  const consulting = askingAbout(control.state.consults, session)?.state === "talking";
  return (
    <>
      <Action
        label={hold ? "Go on" : "Hold"}
        pressed={hold}
        disabled={busy || consulting}
        onClick={() => void during(control.act({ type: "hold", session, on: !hold }))}
      >
        <HoldIcon />
      </Action>
      <Action
        label={muted ? "Unmute" : "Mute"}
        pressed={muted}
        onClick={() => void control.mute(session, !muted)}
      >
        {muted ? <MicOffIcon /> : <MicIcon />}
      </Action>
      <Action label="Keypad" onClick={() => open("keypad")}>
        <KeypadIcon />
      </Action>
    </>
  );
}

/** The agent reads; at the end of the countdown they are connected anyway. */
function ConnectButton({ contact, control, now }: Omit<Props, "open">) {
  const { session, until } = contact.info;
  const [busy, during] = useBusy();
  const left = until === null ? null : Math.max(0, until - now);
  return (
    <button
      type="button"
      className="connect"
      disabled={busy}
      onClick={() => void during(control.act({ type: "connect", session }))}
    >
      Connect now
      {left !== null && <span className="ticking">{duration(left * 1000)}</span>}
    </button>
  );
}

interface ActionProps {
  label: string;
  look?: string;
  pressed?: boolean;
  disabled?: boolean;
  onClick: () => void;
  children: React.ReactNode;
}

function Action({ label, look = "", pressed, disabled = false, onClick, children }: ActionProps) {
  return (
    <button
      type="button"
      className={`action ${look}`.trim()}
      aria-pressed={pressed}
      disabled={disabled}
      onClick={onClick}
    >
      {children}
      <span>{label}</span>
    </button>
  );
}
