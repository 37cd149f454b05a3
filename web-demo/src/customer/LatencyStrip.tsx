/** Where the time went between the end of the customer's speech and the first sound of an answer. */
import { type Part, type Wait, waited } from "../latency";
import type { Latency } from "../wire";

const LABELS: Record<Part, string> = {
  hear: "Hearing you",
  decide: "Noticing you finished",
  think: "Thinking",
  speak: "Starting to speak",
};

/** A whole line of the small strip: people grow restless about here. */
const LONG_MS = 1500;

/** The call panel's: the last spoken answer, with each part's time. */
export function LatencyStrip({ latency }: { latency: Latency | null }) {
  const wait = latency === null ? null : waited(latency);
  if (wait === null) return null;
  return (
    <section className="latency" aria-label="Latency of the last spoken turn">
      <h3>
        Last spoken answer <strong>{wait.totalMs} ms</strong>
      </h3>
      <Bar wait={wait} />
      <dl>
        {wait.parts.map(({ part, tookMs }) => (
          <div key={part} data-part={part}>
            <dt>{LABELS[part]}</dt>
            <dd>{tookMs} ms</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** An answer's own, on one line; the longer the wait, the longer the bar. */
export function SmallLatencyStrip({ latency }: { latency: Latency | null }) {
  const wait = latency === null ? null : waited(latency);
  if (wait === null) return null;
  const details = latencyWords(wait);
  return (
    <span className="answered" title={details}>
      <Bar wait={wait} share={Math.min(wait.totalMs / LONG_MS, 1)} />
      answered in {wait.totalMs} ms
      <span className="hidden">: {details}</span>
    </span>
  );
}

function Bar({ wait, share = 1 }: { wait: Wait; share?: number }) {
  return (
    <span className="latency-bar" aria-hidden="true">
      <span className="latency-parts" style={{ width: `${share * 100}%` }}>
        {wait.parts.map(({ part, tookMs }) => (
          <span key={part} data-part={part} style={{ flexGrow: tookMs }} />
        ))}
      </span>
    </span>
  );
}

/** E.g. "hearing you 150 ms, thinking 40 ms". */
export function latencyWords(wait: Wait): string {
  return wait.parts.map(({ part, tookMs }) => `${LABELS[part].toLowerCase()} ${tookMs} ms`).join(", ");
}
