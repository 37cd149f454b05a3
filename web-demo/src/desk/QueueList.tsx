/** Who waits for a person, the longest at the top, with waiting times that tick. */
import { PhoneIcon } from "../page/icons";
import type { QueueInfo, Waiting } from "./deskWire";
import { ChatIcon } from "./icons";
import { elapsed, queueTitle, reasonWords } from "./plain";

interface Props {
  waiting: Waiting[];
  queues: QueueInfo[];
  now: number;
}

const LONG_S = 120;

export function QueueList({ waiting, queues, now }: Props) {
  const inLine = [...waiting].sort((a, b) => (a.position ?? 0) - (b.position ?? 0) || a.since - b.since);
  return (
    <section className="queue" aria-labelledby="queue-title">
      <h2 id="queue-title">
        Waiting <span className="count-mark">{waiting.length}</span>
      </h2>
      {inLine.length === 0 ? (
        <p className="hint">Nobody waits.</p>
      ) : (
        <ol>
          {inLine.map((one) => (
            <li key={one.handoff_id} data-long={now - one.since > LONG_S}>
              {one.channel === "voice" ? <PhoneIcon /> : <ChatIcon />}
              <span className="hidden">{one.channel === "voice" ? "Call" : "Chat"}</span>
              <span className="queue-why">
                <strong>{queueTitle(queues, one.queue)}</strong>
                <span>
                  {reasonWords(one.reason)}
                  {one.priority > 0 && " · priority"}
                </span>
              </span>
              <span className="queue-time">
                <span className="hidden">waits </span>
                {elapsed(now - one.since)}
              </span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
