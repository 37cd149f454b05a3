/**
 * Something rings: who, why, and the whole briefing, before anybody accepts. Enter or A in its window accepts; it
 * takes the keyboard only from those who are not writing, and not in its first moment, so that nothing is
 * accepted by the last keys of another sentence.
 */
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from "react";
import type { Briefing } from "./briefing";
import { BriefingView } from "./BriefingView";
import { isField } from "./keys";

interface Props {
  mark: ReactNode;
  title: string;
  about: ReactNode;
  briefing: Briefing | null;
  /** When it rings no more, and what time it is: gateway's clock, seconds. */
  until: number;
  now: number;
  accept: () => void;
  decline: () => void;
  /** Escape; null while there is nothing to go back from. */
  back: (() => void) | null;
  /** The buttons. */
  children: ReactNode;
}

const DEAF_MS = 700;

export function RingingCard(props: Props) {
  const { mark, title, about, briefing, until, now, accept, decline, back, children } = props;
  const card = useRef<HTMLElement>(null);
  const [since] = useState(() => Date.now());
  useEffect(() => {
    if (isField(document.activeElement)) return;
    card.current?.focus();
  }, []);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.repeat) return;
    if (Date.now() - since < DEAF_MS) return;
    const onButton = event.target instanceof HTMLElement && event.target.matches("button");
    const key = event.key.toLowerCase();
    if (key === "escape" && back !== null) back();
    else if (key === "a" || (key === "enter" && !onButton)) accept();
    else if (key === "d") decline();
    else return;
    event.preventDefault();
  };
  return (
    <section
      ref={card}
      className="offer"
      role="dialog"
      aria-labelledby="offer-title"
      tabIndex={-1}
      onKeyDown={onKeyDown}
    >
      <header className="offer-head">
        <span className="offer-mark">{mark}</span>
        <div>
          <h2 id="offer-title">{title}</h2>
          <p>{about}</p>
        </div>
        <Countdown until={until} now={now} />
      </header>
      <div className="offer-briefing" tabIndex={0} role="region" aria-label="Briefing">
        <BriefingView briefing={briefing} go={null} />
      </div>
      {children}
    </section>
  );
}

function Countdown({ until, now }: { until: number; now: number }) {
  const left = Math.max(0, Math.floor(until - now));
  return (
    <p className="countdown" role="timer" aria-label="Seconds left" data-short={left <= 5}>
      {left}
    </p>
  );
}
