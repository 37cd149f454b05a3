/**
 * It rings: who, why, and the whole briefing, before anybody accepts. Enter or A in its window accepts; it
 * takes the keyboard only from those who are not writing, and not in its first moment, so that nothing is
 * accepted by the last keys of another sentence.
 */
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { PhoneIcon } from "../page/icons";
import { BriefingView } from "./BriefingView";
import type { DeclineReason, Offer, QueueInfo } from "./deskWire";
import { ChatIcon } from "./icons";
import { isField } from "./keys";
import { DECLINE_WORDS, elapsed, queueTitle, reasonWords } from "./plain";

interface Props {
  offer: Offer;
  /** So many more ring behind this one. */
  more: number;
  queues: QueueInfo[];
  now: number;
  busy: boolean;
  declining: boolean;
  setDeclining: (on: boolean) => void;
  accept: () => void;
  decline: (reason: DeclineReason) => void;
}

const DEAF_MS = 700;
const REASONS = Object.entries(DECLINE_WORDS) as [DeclineReason, string][];

export function OfferCard(props: Props) {
  const { offer, more, queues, now, busy, declining, setDeclining, accept, decline } = props;
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
    if (key === "escape" && declining) setDeclining(false);
    else if (key === "a" || (key === "enter" && !onButton)) accept();
    else if (key === "d") setDeclining(true);
    else return;
    event.preventDefault();
  };
  const voice = offer.channel === "voice";
  const name = offer.briefing?.who?.name ?? "A customer";
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
        <span className="offer-mark">{voice ? <PhoneIcon /> : <ChatIcon />}</span>
        <div>
          <h2 id="offer-title">{voice ? `${name} is calling` : `${name} wants to chat`}</h2>
          <p>
            {queueTitle(queues, offer.queue)} · {reasonWords(offer.reason).toLowerCase()}
            {offer.since !== null && ` · waits ${elapsed(now - offer.since)}`}
          </p>
        </div>
        <Countdown offer={offer} now={now} />
      </header>
      <div className="offer-briefing" tabIndex={0} role="region" aria-label="Briefing">
        <BriefingView briefing={offer.briefing} go={null} />
      </div>
      {declining ? (
        <div className="offer-reasons" role="group" aria-label="Why do you decline?">
          {REASONS.map(([reason, title], index) => (
            <button
              key={reason}
              type="button"
              disabled={busy}
              autoFocus={index === 0}
              onClick={() => decline(reason)}
            >
              {title}
            </button>
          ))}
          <button type="button" onClick={() => setDeclining(false)}>
            Back
          </button>
        </div>
      ) : (
        <div className="buttons">
          <button type="button" className="wide" disabled={busy} onClick={() => setDeclining(true)}>
            Decline
          </button>
          <button type="button" className="wide wide-strong" disabled={busy} onClick={accept}>
            Accept <kbd>A</kbd>
          </button>
        </div>
      )}
      {more > 0 && <p className="hint">{more === 1 ? "One more rings." : `${more} more ring.`}</p>}
    </section>
  );
}

function Countdown({ offer, now }: { offer: Offer; now: number }) {
  const left = Math.max(0, Math.floor(offer.until - now));
  return (
    <p className="countdown" role="timer" aria-label="Seconds left" data-short={left <= 5}>
      {left}
    </p>
  );
}
