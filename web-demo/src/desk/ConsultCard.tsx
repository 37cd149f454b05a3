/** A colleague asks; the customer stays with them until the agent has said yes. */
import { customerWords } from "./consult";
import type { Consult, QueueInfo } from "./deskWire";
import { EarIcon } from "./icons";
import { queueTitle, reasonWords } from "./plain";
import { RingingCard } from "./RingingCard";

interface Props {
  consult: Consult;
  queues: QueueInfo[];
  now: number;
  busy: boolean;
  answer: (answer: "accept" | "decline") => void;
}

export function ConsultCard({ consult, queues, now, busy, answer }: Props) {
  const { agent, queue, reason, briefing, until, since } = consult;
  return (
    <RingingCard
      mark={<EarIcon />}
      title={`${agent} asks you about ${customerWords(consult)}`}
      about={
        <>
          {queueTitle(queues, queue)} · {reasonWords(reason).toLowerCase()}
        </>
      }
      briefing={briefing}
      until={until ?? since}
      now={now}
      accept={() => answer("accept")}
      decline={() => answer("decline")}
      back={null}
    >
      <p className="hint">You talk with {agent} alone. The customer hears music meanwhile.</p>
      <div className="buttons">
        <button type="button" className="wide" disabled={busy} onClick={() => answer("decline")}>
          Decline
        </button>
        <button type="button" className="wide wide-strong" disabled={busy} onClick={() => answer("accept")}>
          Accept <kbd>A</kbd>
        </button>
      </div>
    </RingingCard>
  );
}
