/** The supervisors' figures: who waits now, how long handoffs took in the last day, and how they went. */
import { type ReactNode, useId } from "react";
import { clock } from "../page/clock";
import type { QueueInfo } from "./deskWire";
import {
  type Measures as Measured,
  type Spread,
  left,
  outcomeWords,
  readMeasures,
  secondsWords,
  shareWords,
} from "./measures";
import { elapsed, queueTitle, reasonWords, stateWords } from "./plain";
import { ask } from "./request";
import { usePolled } from "./usePolled";

interface Props {
  queues: QueueInfo[];
  onDoubt: () => void;
}

const EVERY_MS = 4_000;
const askMeasures = () => ask("/api/desk/measures", readMeasures);
const CHANNELS = { voice: "Calls", chat: "Chats" };

/** Asks only while it is on the screen. */
export function Measures({ queues, onDoubt }: Props) {
  const { value, fault, again } = usePolled(askMeasures, EVERY_MS, true, onDoubt);
  return (
    <main className="office-view">
      <h2>Measures</h2>
      {fault !== null && (
        <p className="fault office-fault" role="alert">
          {fault} {value !== null && `These figures are of ${clock(value.now)}.`}{" "}
          <button type="button" className="small" onClick={again}>
            Try again
          </button>
        </p>
      )}
      {value === null && fault === null && (
        <p className="hint" role="status">
          One moment…
        </p>
      )}
      {value !== null && (
        <>
          <Waiting measured={value} queues={queues} />
          <Recent measured={value} queues={queues} />
        </>
      )}
    </main>
  );
}

interface Shown {
  measured: Measured;
  queues: QueueInfo[];
}

function Waiting({ measured: { waiting }, queues }: Shown) {
  return (
    <section aria-labelledby="waiting-title">
      <h3 id="waiting-title">Waiting now</h3>
      {waiting.length === 0 ? (
        <p className="hint">Nobody waits.</p>
      ) : (
        <Table name="waiting-title" columns={["Queue", "By", "Waiting", "Ringing", "Longest wait (min:s)"]}>
          {waiting.map((line) => (
            <tr key={`${line.queue} ${line.channel}`}>
              <th scope="row">{queueTitle(queues, line.queue)}</th>
              <td>{CHANNELS[line.channel]}</td>
              <td>{line.waiting}</td>
              <td>{line.ringing}</td>
              <td>{elapsed(line.longest_s)}</td>
            </tr>
          ))}
        </Table>
      )}
    </section>
  );
}

function Recent({ measured, queues }: Shown) {
  const { recent, node } = measured;
  if (recent.handoffs === 0 || recent.since === null)
    return (
      <section aria-labelledby="recent-title">
        <h3 id="recent-title">Handoffs</h3>
        <p className="hint">No handoffs yet{node !== null && ` at this node (${node})`}.</p>
      </section>
    );
  const since = new Date(recent.since * 1000);
  const figures: [string, string | number][] = [
    ["Handoffs", recent.handoffs],
    ["With a person", shareWords(recent.reached, recent.handoffs)],
    ["Under way", recent.under_way],
    ["Left before a person came", left(measured)],
    ["Back in line", recent.back_in_line],
    ["Agents lost", recent.agents_lost],
  ];
  return (
    <>
      <section aria-labelledby="recent-title">
        <h3 id="recent-title">Handoffs of the last day</h3>
        <p className="hint">
          Since{" "}
          <time dateTime={since.toISOString()}>
            {since.toLocaleDateString([], { day: "numeric", month: "short" })}, {clock(recent.since)}
          </time>
          {node !== null && `, at this node (${node}) alone; the others have figures of their own`}. They begin
          anew when the gateway does.
        </p>
        <dl className="figures">
          {figures.map(([title, figure]) => (
            <div key={title}>
              <dt>{title}</dt>
              <dd>{figure}</dd>
            </div>
          ))}
        </dl>
      </section>
      <Times measured={measured} queues={queues} />
      <div className="beside">
        <section aria-labelledby="causes-title">
          <h3 id="causes-title">By cause</h3>
          <Table name="causes-title" columns={["Why a person was wanted", "Got one"]}>
            {recent.causes.map(({ reason, handoffs, reached }) => (
              <tr key={reason}>
                <th scope="row">{reason === "other" ? "Other" : reasonWords(reason)}</th>
                <td>{shareWords(reached, handoffs)}</td>
              </tr>
            ))}
          </Table>
        </section>
        <Counts title="How it went" what="Outcome" counts={recent.outcomes} words={outcomeWords} />
        <Counts
          title="Left before a person came"
          what="The customer was"
          counts={recent.abandoned}
          words={stateWords}
        />
      </div>
    </>
  );
}

const UNTIL = [
  ["offer", "To the first offer"],
  ["yes", "To the first yes"],
  ["person", "To the person"],
  ["words", "To their first words"],
  ["silence", "Longest silence"],
] as const;

function Times({ measured: { recent }, queues }: Shown) {
  return (
    <section aria-labelledby="times-title">
      <h3 id="times-title">From the wish for a person</h3>
      <p className="hint">Half of the handoffs took no longer than the median, 19 of 20 no longer than p95.</p>
      <div className="table-frame" tabIndex={0} role="region" aria-labelledby="times-title">
        <table>
          <thead>
            <tr>
              {["Queue", "By", "Handoffs"].map((title) => (
                <th key={title} scope="col" rowSpan={2}>
                  {title}
                </th>
              ))}
              {UNTIL.map(([until, title]) => (
                <th key={until} scope="colgroup" colSpan={2}>
                  {title}
                </th>
              ))}
            </tr>
            <tr>
              {UNTIL.map(([until]) => (
                <SpreadHeads key={until} />
              ))}
            </tr>
          </thead>
          <tbody>
            {recent.times.map((line) => (
              <tr key={`${line.queue} ${line.channel}`}>
                <th scope="row">{queueTitle(queues, line.queue)}</th>
                <td>{CHANNELS[line.channel]}</td>
                <td>{line.handoffs}</td>
                {UNTIL.map(([until]) => (
                  <SpreadCells key={until} spread={line[until]} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function SpreadHeads() {
  return (
    <>
      <th scope="col">Median</th>
      <th scope="col">p95</th>
    </>
  );
}

function SpreadCells({ spread }: { spread: Spread }) {
  return (
    <>
      <td>{spread === null ? "–" : secondsWords(spread.median_s)}</td>
      <td>{spread === null ? "–" : secondsWords(spread.p95_s)}</td>
    </>
  );
}

interface CountsProps {
  title: string;
  what: string;
  counts: [code: string, count: number][];
  words: (code: string) => string;
}

function Counts({ title, what, counts, words }: CountsProps) {
  const id = useId();
  return (
    <section aria-labelledby={id}>
      <h3 id={id}>{title}</h3>
      {counts.length === 0 ? (
        <p className="hint">None so far.</p>
      ) : (
        <Table name={id} columns={[what, "Handoffs"]}>
          {counts.map(([code, count]) => (
            <tr key={code}>
              <th scope="row">{words(code)}</th>
              <td>{count}</td>
            </tr>
          ))}
        </Table>
      )}
    </section>
  );
}

interface TableProps {
  /** The id of its heading. */
  name: string;
  columns: string[];
  children: ReactNode;
}

function Table({ name, columns, children }: TableProps) {
  return (
    <div className="table-frame" tabIndex={0} role="region" aria-labelledby={name}>
      <table>
        <thead>
          <tr>
            {columns.map((title) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
