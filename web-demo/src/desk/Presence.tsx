/** Whether the agent takes contacts, and calls among them; how their audio stands. */
import { Meter } from "../page/Meter";
import type { DeskState } from "./deskState";
import type { Me } from "./deskWire";
import { LINE_FAULTS, LINE_WORDS } from "./lineWords";
import type { Line } from "./useLine";

interface Props {
  state: DeskState;
  line: Line;
  setPresence: (state: Me["state"], voice: boolean) => void;
}

const STATES: [state: Me["state"], title: string][] = [
  ["available", "Available"],
  ["away", "Away"],
];

export function Presence({ state, line, setPresence }: Props) {
  const { me } = state;
  return (
    <section className="presence" data-state={me.state} aria-label="Your presence">
      <fieldset className="segments">
        <legend className="hidden">Presence</legend>
        {STATES.map(([value, title]) => (
          <label key={value} data-chosen={me.state === value}>
            <input
              type="radio"
              name="presence"
              value={value}
              checked={me.state === value}
              onChange={() => setPresence(value, me.voice)}
            />
            <span className="dot" aria-hidden="true" data-state={value} />
            {title}
          </label>
        ))}
      </fieldset>
      {state.voice && (
        <label className="switch">
          <input
            type="checkbox"
            role="switch"
            checked={me.voice}
            onChange={(event) => setPresence(me.state, event.target.checked)}
          />
          <span>Take calls</span>
        </label>
      )}
      {line.state !== "off" && <LineMark line={line} />}
      {me.reason === "missed" && me.state === "away" && (
        <p className="hint">You missed an offer. Go back to available when you are here again.</p>
      )}
    </section>
  );
}

function LineMark({ line }: { line: Line }) {
  const { state, fault } = line;
  const [title, remedy] = fault === null ? LINE_WORDS[state] : LINE_FAULTS[fault.kind];
  const stuck = state === "failed" || state === "elsewhere";
  return (
    <div className="line-mark" data-state={state} role="status">
      <div>
        <p>{title}</p>
        {remedy !== "" && (
          <p className="hint">{fault !== null && fault.message !== "" ? fault.message : remedy}</p>
        )}
      </div>
      {state === "live" && (
        <div className="line-meters">
          <Meter label="You" levels={line.mine} side="mine" />
          <Meter label="Them" levels={line.theirs} side="theirs" />
        </div>
      )}
      {stuck && (
        <button type="button" className="small" onClick={line.retry}>
          Connect here
        </button>
      )}
    </div>
  );
}
