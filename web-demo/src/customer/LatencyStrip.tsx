/** Where the time of the last spoken turn went, from the end of speech to the first sound of the answer. */
import type { Latency } from "../wire";

const STEPS: [key: keyof Latency, label: string][] = [
  ["decision_ms", "End of turn"],
  ["final_transcript_ms", "Transcript"],
  ["first_token_ms", "First words"],
  ["first_audio_ms", "First audio"],
];

interface Step {
  key: keyof Latency;
  label: string;
  /** After the end of speech. */
  atMs: number;
  tookMs: number;
}

/** The steps in the order in which they came about: a transcript may be ready before the turn's end is decided. */
export function latencySteps(latency: Latency): Step[] {
  const known = STEPS.flatMap(([key, label]) => {
    const atMs = latency[key];
    return atMs === null ? [] : [{ key, label, atMs }];
  }).sort((a, b) => a.atMs - b.atMs);
  return known.map((step, index) => ({
    ...step,
    tookMs: step.atMs - Math.max(0, known[index - 1]?.atMs ?? 0),
  }));
}

export function LatencyStrip({ latency }: { latency: Latency | null }) {
  if (latency === null) return null;
  const steps = latencySteps(latency);
  const last = steps.at(-1);
  if (last === undefined) return null;
  return (
    <section className="latency" aria-label="Latency of the last spoken turn">
      <h3>
        Last spoken answer <strong>{last.atMs} ms</strong>
      </h3>
      <div className="latency-bar" aria-hidden="true">
        {steps.map((step) => (
          <span key={step.key} data-step={step.key} style={{ flexGrow: Math.max(step.tookMs, 1) }} />
        ))}
      </div>
      <dl>
        {steps.map((step) => (
          <div key={step.key} data-step={step.key}>
            <dt>{step.label}</dt>
            <dd>{step.atMs} ms</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
