/** The supervisor's view: every live session, and who is at work. */
import type { DeskState } from "./deskState";
import type { Colleague, LiveSession, QueueInfo } from "./deskWire";
import { FLOOR_WORDS, elapsed, queueTitle, reasonWords, stateWords } from "./plain";
import { useRoving } from "./useRoving";

interface Props {
  state: DeskState;
  now: number;
  /** Null for those who may see sessions but not what is said in them. */
  open: ((live: LiveSession) => void) | null;
}

const WAITS = new Set(["screen", "alternatives", "queued", "offered", "dialling", "human_check", "rescue"]);

export function Sessions({ state, now, open }: Props) {
  const live = [...state.live].sort((a, b) => Number(waits(b)) - Number(waits(a)) || a.since - b.since);
  return (
    <main className="sessions-view">
      <section aria-labelledby="sessions-title">
        <h2 id="sessions-title">
          Live sessions <span className="count-mark">{live.length}</span>
        </h2>
        {live.length === 0 ? (
          <p className="hint">Nobody is in contact with us now.</p>
        ) : (
          <SessionsTable live={live} state={state} now={now} open={open} />
        )}
      </section>
      <section aria-labelledby="agents-title">
        <h2 id="agents-title">
          Agents <span className="count-mark">{state.colleagues.length}</span>
        </h2>
        {state.colleagues.length === 0 && <p className="hint">Nobody is signed in.</p>}
        <ul className="agents">
          {state.colleagues.map((colleague) => (
            <li key={colleague.agent_id}>
              <AgentCard colleague={colleague} known={state.queues} />
            </li>
          ))}
        </ul>
      </section>
    </main>
  );
}

function waits({ state }: LiveSession): boolean {
  return WAITS.has(state);
}

function SessionsTable({ live, state, now, open }: Props & { live: LiveSession[] }) {
  const onKeyDown = useRoving();
  return (
    <div className="table-frame" tabIndex={0} role="region" aria-labelledby="sessions-title">
      <table>
        <thead>
          <tr>
            <th scope="col">Customer</th>
            <th scope="col">Channel</th>
            <th scope="col">State</th>
            <th scope="col">Floor</th>
            <th scope="col">Agent</th>
            <th scope="col">Queue, reason</th>
            <th scope="col">For</th>
            {open !== null && (
              <th scope="col">
                <span className="hidden">Open</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody onKeyDown={onKeyDown}>
          {live.map((one, index) => (
            <tr key={one.session} data-waits={waits(one)}>
              <th scope="row">{one.customer ?? "Customer"}</th>
              <td>{one.channel === "voice" ? "Call" : "Chat"}</td>
              <td>
                <span className="chip" data-tone={waits(one) ? "careful" : undefined}>
                  {stateWords(one.state)}
                </span>
                {one.supervisors > 0 && <span className="hint"> · watched</span>}
              </td>
              <td>{FLOOR_WORDS[one.floor]}</td>
              <td>{one.agent ?? "–"}</td>
              <td>{queueWords(one, state)}</td>
              <td className="ticking">{elapsed(now - one.since)}</td>
              {open !== null && (
                <td>
                  <button
                    type="button"
                    className="small"
                    data-rove
                    tabIndex={index === 0 ? 0 : -1}
                    onClick={() => open(one)}
                  >
                    Open<span className="hidden"> the session of {one.customer ?? "this customer"}</span>
                  </button>
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function queueWords({ queue, reason }: LiveSession, { queues }: DeskState): string {
  const title = queueTitle(queues, queue);
  if (reason === null) return title === "" ? "–" : title;
  return title === "" ? reasonWords(reason) : `${title}, ${reasonWords(reason).toLowerCase()}`;
}

const STATE_WORDS = { available: "Available", away: "Away", offline: "Offline" };

function AgentCard({ colleague, known }: { colleague: Colleague; known: QueueInfo[] }) {
  const { name, state, contacts, capacity, queues } = colleague;
  return (
    <div className="agent-card">
      <p>
        <span className="dot" aria-hidden="true" data-state={state} /> <strong>{name}</strong>{" "}
        <span className="hint">{STATE_WORDS[state]}</span>
      </p>
      <p className="hint">
        {load(contacts.voice, capacity.voice, "call")}, {load(contacts.chat, capacity.chat, "chat")}
        {queues.length > 0 && ` · ${queues.map((queue) => queueTitle(known, queue)).join(", ")}`}
      </p>
    </div>
  );
}

function load(now: number, most: number, what: string): string {
  const plural = (most || now) === 1 ? what : `${what}s`;
  return most > 0 ? `${now} of ${most} ${plural}` : `${now} ${plural}`;
}
