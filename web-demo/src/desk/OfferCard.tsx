/** A customer rings. */
import { PhoneIcon } from "../page/icons";
import type { DeclineReason, Offer, QueueInfo } from "./deskWire";
import { ChatIcon } from "./icons";
import { DECLINE_WORDS, elapsed, queueTitle, reasonWords } from "./plain";
import { RingingCard } from "./RingingCard";

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

const REASONS = Object.entries(DECLINE_WORDS) as [DeclineReason, string][];

export function OfferCard(props: Props) {
  const { offer, more, queues, now, busy, declining, setDeclining, accept, decline } = props;
  const voice = offer.channel === "voice";
  const name = offer.briefing?.who?.name ?? "A customer";
  return (
    <RingingCard
      mark={voice ? <PhoneIcon /> : <ChatIcon />}
      title={voice ? `${name} is calling` : `${name} wants to chat`}
      about={
        <>
          {queueTitle(queues, offer.queue)} · {reasonWords(offer.reason).toLowerCase()}
          {offer.since !== null && ` · waits ${elapsed(now - offer.since)}`}
        </>
      }
      briefing={offer.briefing}
      until={offer.until}
      now={now}
      accept={accept}
      decline={() => setDeclining(true)}
      back={declining ? () => setDeclining(false) : null}
    >
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
    </RingingCard>
  );
}
