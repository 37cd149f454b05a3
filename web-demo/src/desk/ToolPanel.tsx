/**
 * Runs a tool for the customer, behind the same policy as the bot: a form from its schema, and what came of
 * it.
 */
import { useState } from "react";
import { AlertIcon, CheckIcon, ForbiddenIcon } from "../page/icons";
import { sentenceCase, valueText, words } from "../page/words";
import type { Contact, Run } from "./contact";
import type { ToolInfo } from "./deskWire";
import { toolOutcome, toolTitle } from "./plain";
import { type Field, type Typed, fieldsOf, filled } from "./toolForm";
import { useBusy } from "./useBusy";
import type { DeskControl } from "./useDesk";

export function ToolPanel({ contact, control }: { contact: Contact; control: DeskControl }) {
  const { tools } = control.state;
  const { session, mine } = contact.info;
  const [name, setName] = useState("");
  const tool = tools.find((one) => one.tool === name);
  if (!mine) return <p className="hint">Tools are for whoever has the customer.</p>;
  return (
    <div className="tool-panel">
      <div className="form">
        <label htmlFor="tool">Tool</label>
        <select id="tool" value={name} onChange={(event) => setName(event.target.value)}>
          <option value="">Please choose</option>
          {tools.map((one) => (
            <option key={one.tool} value={one.tool}>
              {toolTitle(one)}
            </option>
          ))}
        </select>
      </div>
      {tool !== undefined && (
        <ToolForm
          key={tool.tool}
          tool={tool}
          run={(given, agreed) => control.runTool(session, tool.tool, given, agreed)}
        />
      )}
      <ol className="runs" aria-live="polite" aria-label="What you ran">
        {contact.runs.toReversed().map((run) => (
          <li key={run.id}>
            <Ran run={run} />
          </li>
        ))}
      </ol>
    </div>
  );
}

interface FormProps {
  tool: ToolInfo;
  run: (given: Record<string, unknown>, agreed: boolean) => Promise<boolean>;
}

function ToolForm({ tool, run }: FormProps) {
  const fields = fieldsOf(tool.parameters);
  const [typed, setTyped] = useState<Typed>({});
  const [faults, setFaults] = useState<Record<string, string>>({});
  const [agreed, setAgreed] = useState(false);
  const [busy, during] = useBusy();
  const submit = () => {
    const form = filled(fields, typed);
    setFaults(form.faults);
    if (Object.keys(form.faults).length === 0) void during(run(form.arguments, agreed));
    // A yes is for one change.
    setAgreed(false);
  };
  return (
    <form
      className="form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {tool.description !== "" && <p className="hint">{tool.description}</p>}
      {fields.map((field) => (
        <FieldRow
          key={field.name}
          field={field}
          value={typed[field.name] ?? ""}
          fault={faults[field.name] ?? null}
          change={(value) => setTyped((former) => ({ ...former, [field.name]: value }))}
        />
      ))}
      {tool.effect === "write" && (
        <label className="check">
          <input type="checkbox" checked={agreed} onChange={(event) => setAgreed(event.target.checked)} />
          The customer has said yes to exactly this change
        </label>
      )}
      <button type="submit" className="wide wide-strong" disabled={busy}>
        {busy ? "Running…" : "Run"}
      </button>
    </form>
  );
}

interface FieldProps {
  field: Field;
  value: string;
  fault: string | null;
  change: (value: string) => void;
}

function FieldRow({ field, value, fault, change }: FieldProps) {
  const id = `argument-${field.name}`;
  const help = fault ?? field.help;
  const common = {
    id,
    "aria-invalid": fault !== null,
    "aria-describedby": help === "" ? undefined : `${id}-help`,
  };
  if (field.kind === "boolean") {
    return (
      <label className="check">
        <input
          {...common}
          type="checkbox"
          checked={value === "yes"}
          onChange={(event) => change(event.target.checked ? "yes" : "")}
        />
        {field.label}
        <Help id={id} text={help} fault={fault !== null} />
      </label>
    );
  }
  return (
    <div>
      <label htmlFor={id}>
        {field.label}
        {!field.required && " (optional)"}
      </label>
      <Input field={field} value={value} change={change} common={common} />
      <Help id={id} text={help} fault={fault !== null} />
    </div>
  );
}

type InputProps = Omit<FieldProps, "fault"> & { common: object };

function Input({ field, value, change, common }: InputProps) {
  switch (field.kind) {
    case "choice":
      return (
        <select {...common} value={value} onChange={(event) => change(event.target.value)}>
          <option value="">Please choose</option>
          {field.choices.map((choice) => (
            <option key={choice} value={choice}>
              {sentenceCase(words(choice))}
            </option>
          ))}
        </select>
      );
    case "list":
    case "json":
      return <textarea {...common} rows={2} value={value} onChange={(event) => change(event.target.value)} />;
    default:
      return (
        <input
          {...common}
          inputMode={field.kind === "text" ? undefined : "decimal"}
          autoComplete="off"
          value={value}
          onChange={(event) => change(event.target.value)}
        />
      );
  }
}

function Help({ id, text, fault }: { id: string; text: string; fault: boolean }) {
  if (text === "") return null;
  return (
    <span id={`${id}-help`} className={fault ? "fault" : "hint"}>
      {text}
    </span>
  );
}

const ICONS = { done: CheckIcon, refused: ForbiddenIcon, failed: AlertIcon };

function Ran({ run }: { run: Run }) {
  const { result, failed } = run;
  const ResultIcon = result === null ? null : ICONS[result.outcome];
  return (
    <div className="ran" data-outcome={result?.outcome ?? (failed === null ? "running" : "failed")}>
      <p>
        <span className="tool-mark">
          {ResultIcon === null ? <span className="spinner" /> : <ResultIcon />}
        </span>
        <strong>{toolTitle(run)}</strong> {failed === null ? toolOutcome(run) : "Not confirmed"}
      </p>
      {failed !== null && <p className="fault">{failed}</p>}
      {result?.message && <p>{result.message}</p>}
      {result !== null && (
        <dl className="pairs">
          {result.code !== null && result.message === null && (
            <div>
              <dt>Reason</dt>
              <dd>{sentenceCase(words(result.code))}</dd>
            </div>
          )}
          {result.receipt_id !== null && (
            <div>
              <dt>Receipt</dt>
              <dd>
                <code>{result.receipt_id}</code>
              </dd>
            </div>
          )}
          {Object.entries(result.values).map(([name, value]) => (
            <div key={name}>
              <dt>{sentenceCase(words(name))}</dt>
              <dd>{valueText(value)}</dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}
