/** What customers are owed: the due ones first, each with what to do, for whom, and how it is closed. */
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { clock } from "../page/clock";
import type { DeskState } from "./deskState";
import type { LiveSession } from "./deskWire";
import {
  type FollowUp,
  OUTCOMES,
  type Outcome,
  attemptWords,
  authorWords,
  byTime,
  customerWords,
  dueWords,
  isOverdue,
  span,
  taskWords,
} from "./followUps";
import { queueTitle } from "./plain";
import type { FollowUpsControl } from "./useFollowUps";
import { useBusy } from "./useBusy";

interface Props {
  control: FollowUpsControl;
  state: DeskState;
  now: number;
  /** Null for those who may not look at a session that is not theirs. */
  open: ((live: LiveSession) => void) | null;
}

export function FollowUps({ control, state, now, open }: Props) {
  const { list, fault, count } = control;
  const [closing, setClosing] = useState<string | null>(null);
  const [said, setSaid] = useState("");
  const heading = useRef<HTMLHeadingElement>(null);
  const { due, later } = byTime(list ?? [], now);

  const close = async (followUp: FollowUp, outcome: Outcome) => {
    if (!(await control.close(followUp, outcome))) return;
    setClosing(null);
    setSaid(`Closed: ${taskWords(followUp)}.`);
    heading.current?.focus();
  };
  const card = (followUp: FollowUp) => (
    <li key={followUp.follow_up_id}>
      <Card
        followUp={followUp}
        state={state}
        now={now}
        open={open}
        closing={closing === followUp.follow_up_id}
        setClosing={(on) => setClosing(on ? followUp.follow_up_id : null)}
        close={(outcome) => close(followUp, outcome)}
      />
    </li>
  );
  return (
    <main className="office-view">
      <h2 ref={heading} tabIndex={-1}>
        Follow-ups {count !== null && <span className="count-mark">{count.open}</span>}
      </h2>
      {fault !== null && (
        <p className="fault office-fault" role="alert">
          {fault}{" "}
          <button type="button" className="small" onClick={control.again}>
            Try again
          </button>
        </p>
      )}
      {list === null && fault === null && (
        <p className="hint" role="status">
          One moment…
        </p>
      )}
      {list?.length === 0 && <p className="hint">Nothing is owed to anybody now.</p>}
      {list !== null && count !== null && count.open > list.length && list.length > 0 && (
        <p className="hint">
          The next {list.length} of {count.open}; the others come as these are closed.
        </p>
      )}
      {due.length > 0 && (
        <section aria-labelledby="due-title">
          <h3 id="due-title">Due ({due.length})</h3>
          <ul className="owed-list">{due.map(card)}</ul>
        </section>
      )}
      {later.length > 0 && (
        <section aria-labelledby="later-title">
          <h3 id="later-title">Later ({later.length})</h3>
          <ul className="owed-list">{later.map(card)}</ul>
        </section>
      )}
      <p className="hidden" aria-live="polite">
        {said}
      </p>
    </main>
  );
}

interface CardProps extends Omit<Props, "control"> {
  followUp: FollowUp;
  closing: boolean;
  setClosing: (on: boolean) => void;
  close: (outcome: Outcome) => Promise<void>;
}

function Card({ followUp, state, now, open, closing, setClosing, close }: CardProps) {
  const { follow_up_id: id, session, kind, queue, number, summary, created_at: since } = followUp;
  const overdue = isOverdue(followUp, now);
  const customer = customerWords(followUp);
  const live = state.live.find((one) => one.session === session);
  const noted = [
    queueTitle(state.queues, queue),
    authorWords(followUp, state.agent?.agent_id ?? "", state.colleagues),
    attemptWords(followUp),
  ];
  return (
    <article className="owed" data-overdue={overdue} aria-labelledby={`owed-${id}`}>
      <h4 id={`owed-${id}`}>{taskWords(followUp)}</h4>
      <p className="owed-due">
        <span className="chip" data-tone={followUp.due_at <= now ? "careful" : undefined}>
          {dueWords(followUp, now)}
        </span>{" "}
        <time dateTime={new Date(followUp.due_at * 1000).toISOString()}>{moment(followUp.due_at, now)}</time>
      </p>
      {(customer !== "" || number !== null) && (
        <p>
          {customer !== "" && <strong>{customer}</strong>}
          {customer !== "" && number !== null && ", "}
          {number !== null && <a href={`tel:${number}`}>{number}</a>}
        </p>
      )}
      {summary.length > 0 && (
        <ul className="owed-about" aria-label="What it was about">
          {summary.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      )}
      {kind === "callback" && (
        <p className="hint">The gateway calls by itself once somebody in the queue is free for it.</p>
      )}
      <p className="hint">
        {noted.filter((words) => words !== "").join(", ")}, since{" "}
        <time dateTime={new Date(since * 1000).toISOString()}>{moment(since, now)}</time> (
        {span(Math.max(0, now - since))} ago) in session <span className="session-id">{session}</span>
      </p>
      {closing ? (
        <Closing name={taskWords(followUp)} close={close} keep={() => setClosing(false)} />
      ) : (
        <div className="buttons">
          <CloseButton id={id} begin={() => setClosing(true)} name={taskWords(followUp)} />
          {open !== null && live !== undefined && (
            <button type="button" className="small" onClick={() => open(live)}>
              Open the session<span className="hidden"> of “{taskWords(followUp)}”</span>
            </button>
          )}
        </div>
      )}
    </article>
  );
}

function CloseButton({ id, begin, name }: { id: string; begin: () => void; name: string }) {
  return (
    <button type="button" id={`close-${id}`} className="small" onClick={begin}>
      Close…<span className="hidden"> “{name}”</span>
    </button>
  );
}

interface ClosingProps {
  name: string;
  close: (outcome: Outcome) => Promise<void>;
  keep: () => void;
}

/** Closing is for good, so it takes a second step. */
function Closing({ name, close, keep }: ClosingProps) {
  const group = useRef<HTMLDivElement>(null);
  const [busy, during] = useBusy();
  useEffect(() => group.current?.querySelector("button")?.focus(), []);
  const leave = () => {
    const card = group.current?.closest("article");
    keep();
    requestAnimationFrame(() => card?.querySelector<HTMLElement>("[id^='close-']")?.focus());
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    leave();
  };
  return (
    <div ref={group} className="closing" role="group" aria-label={`Close “${name}”`} onKeyDown={onKeyDown}>
      <p>How did it go?</p>
      <div className="buttons">
        {OUTCOMES.map(([outcome, title], index) => (
          <button
            key={outcome}
            type="button"
            className={index === 0 ? "small small-strong" : "small"}
            disabled={busy}
            onClick={() => void during(close(outcome))}
          >
            {title}
          </button>
        ))}
        <button type="button" className="small" disabled={busy} onClick={leave}>
          Keep it open
        </button>
      </div>
    </div>
  );
}

const DAY_S = 86_400;

/** The time of day, with the date where it is not within a day. */
function moment(at: number, now: number): string {
  if (Math.abs(at - now) < DAY_S / 2) return clock(at);
  const date = new Date(at * 1000).toLocaleDateString([], { day: "numeric", month: "short" });
  return `${date}, ${clock(at)}`;
}
