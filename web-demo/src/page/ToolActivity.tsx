/** What the assistant did to answer: one line a tool, with arguments, outcome and receipt to unfold. */
import type { ReactNode } from "react";
import type { ToolRun } from "../lines";
import { AlertIcon, CheckIcon, ChevronIcon, ForbiddenIcon } from "./icons";
import { sentenceCase, valueText, words } from "./words";

/** How a page calls a tool call, and what came of it. */
export interface ToolWords {
  title: (run: ToolRun) => string;
  outcome: (run: ToolRun) => string;
}

export function ToolActivity({ tools, say }: { tools: ToolRun[]; say: ToolWords }) {
  if (tools.length === 0) return null;
  return (
    <ul className="tools-run" aria-label="What was done to answer">
      {tools.map((run) => (
        <li key={run.callId}>
          <Tool run={run} say={say} />
        </li>
      ))}
    </ul>
  );
}

const OUTCOME_ICONS = { done: CheckIcon, refused: ForbiddenIcon, failed: AlertIcon };

function Tool({ run, say }: { run: ToolRun; say: ToolWords }) {
  const state = run.result?.outcome ?? "running";
  const OutcomeIcon = run.result === null ? null : OUTCOME_ICONS[run.result.outcome];
  const subject = Object.values(run.arguments).map(valueText).join(", ");
  return (
    <details className="tool" data-state={state}>
      <summary>
        <span className="tool-mark">
          {OutcomeIcon === null ? <span className="spinner" /> : <OutcomeIcon />}
        </span>
        <span className="tool-title">
          {say.title(run)} {subject !== "" && <span className="tool-subject">{subject}</span>}
        </span>
        <span className="tool-outcome">{say.outcome(run)}</span>
        <ChevronIcon />
      </summary>
      <dl>
        <Row name="Tool">
          <code>{run.tool}</code>
        </Row>
        {Object.entries(run.arguments).map(([name, value]) => (
          <Row key={`in-${name}`} name={sentenceCase(words(name))}>
            {valueText(value)}
          </Row>
        ))}
        {run.result !== null && <Result result={run.result} />}
      </dl>
    </details>
  );
}

function Result({ result }: { result: NonNullable<ToolRun["result"]> }) {
  const found = Object.entries(result.values);
  return (
    <>
      {result.code !== null && <Row name="Reason">{sentenceCase(words(result.code))}</Row>}
      {result.receiptId !== null && (
        <Row name="Receipt">
          <code>{result.receiptId}</code>
        </Row>
      )}
      <Row name="Time">{Math.round(result.elapsedMs)} ms</Row>
      {found.length > 0 && (
        <Row name="Result">
          <dl className="tool-result">
            {found.map(([name, value]) => (
              <Row key={name} name={sentenceCase(words(name))}>
                {valueText(value)}
              </Row>
            ))}
          </dl>
        </Row>
      )}
    </>
  );
}

function Row({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
