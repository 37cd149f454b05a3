/** How a supervisor takes part in a session that is not theirs. */
import { type Contact, customerName } from "./contact";
import type { SuperviseMode } from "./deskWire";
import { MODE_WORDS, elapsed, stateWords } from "./plain";
import { useBusy } from "./useBusy";
import type { DeskControl } from "./useDesk";
import type { Line } from "./useLine";

interface Props {
  contact: Contact;
  control: DeskControl;
  line: Line;
  now: number;
}

const VOICE_MODES: SuperviseMode[] = ["monitor", "whisper", "barge", "take_over", "off"];
/** A chat is followed without audio; one takes part by writing a note, or by taking over. */
const CHAT_MODES: SuperviseMode[] = ["take_over", "off"];

export function SupervisorBar({ contact, control, line, now }: Props) {
  const { info, mode } = contact;
  const { session, channel } = info;
  const [busy, during] = useBusy();
  const voice = channel === "voice";
  const supervise = async (wanted: SuperviseMode) => {
    if (voice && wanted !== "off") {
      try {
        await line.ready();
      } catch {
        // Why there is no audio stands beside the presence switch.
        return;
      }
    }
    await control.supervise(session, wanted);
    if (wanted === "off") line.release();
  };
  return (
    <div className="call-bar" data-supervisor="true">
      <div className="call-who">
        <div>
          <h2>{customerName(contact)}</h2>
          <p>
            {stateWords(info.state)}
            {info.agent !== null && `: ${info.agent}`} ·{" "}
            <span className="ticking">{elapsed(now - info.since)}</span>
          </p>
          <p role="status">{mode === "off" ? "You look on. Nobody is told." : MODE_WORDS[mode][1]}</p>
        </div>
      </div>
      <div className="call-actions" role="toolbar" aria-label="Take part">
        {(voice ? VOICE_MODES : CHAT_MODES).map((name) => (
          <button
            key={name}
            type="button"
            className={name === "off" ? "action end" : "action"}
            aria-pressed={name === "off" || name === "take_over" ? undefined : mode === name}
            disabled={busy || !possible(contact, control, name)}
            onClick={() => void during(supervise(name))}
          >
            <span>{MODE_WORDS[name][0]}</span>
          </button>
        ))}
      </div>
    </div>
  );
}

/** Whispering needs an agent to whisper to; listening needs audio at all. */
function possible({ info }: Contact, { state }: DeskControl, mode: SuperviseMode): boolean {
  if (mode === "off") return true;
  if (info.channel === "voice" && !state.voice) return false;
  return mode !== "whisper" || info.floor === "human";
}
