/** Everything about the call: the big button, how it stands in words and colour, both voices, mute, hang up. */
import { useEffect, useState } from "react";
import type { ChatState } from "../chat";
import { duration } from "../page/clock";
import { HangUpIcon, MicIcon, MicOffIcon, PersonIcon, PhoneIcon } from "../page/icons";
import { Meter } from "../page/Meter";
import { Voice } from "../page/Voice";
import type { View } from "../session";
import { LatencyStrip } from "./LatencyStrip";
import { PHASE_WORDS, type Phase, phaseOf } from "./phase";
import { ASSISTANT, CALL_FAULTS, awaitedWords, lineWords, queueWords, requestWords } from "./plain";
import { type CallControl, isInCall } from "./useCall";

interface Props {
  call: CallControl;
  view: View;
  connection: ChatState;
  askForPerson: () => void;
}

export function CallPanel({ call, view, connection, askForPerson }: Props) {
  const phase = phaseOf(call, view, connection);
  const calling = isInCall(call.state);
  return (
    <section className="call" data-phase={phase} data-calling={calling} aria-label="Call">
      <CallStatus call={call} phase={phase} queue={view.queue} />
      {calling ? (
        <InCall call={call} theirs={whoTalks(view)} />
      ) : (
        <CallButton call={call} disabled={view.ended !== null} />
      )}
      <Voice stream={call.voice} />
      <CurrentRequest view={view} />
      <LatencyStrip latency={view.latency} />
      <PersonButton view={view} disabled={view.ended !== null} onClick={askForPerson} />
    </section>
  );
}

function CallStatus({ call, phase, queue }: { call: CallControl; phase: Phase; queue: View["queue"] }) {
  const [title, hint] = call.fault === null ? PHASE_WORDS[phase] : CALL_FAULTS[call.fault.kind];
  const shownHint = liveHint(call, phase, queue) ?? hint;
  return (
    <div className="call-status">
      <h2>
        <span className="dot" aria-hidden="true" />
        {title}
        {call.since !== null && <Clock since={call.since} />}
        {call.lastedMs !== null && <span className="clock">{duration(call.lastedMs)}</span>}
      </h2>
      <p>{call.fault?.message || shownHint}</p>
    </div>
  );
}

/** What matters more in a call than the phase's own hint. */
function liveHint(call: CallControl, phase: Phase, queue: View["queue"]): string | null {
  if (phase === "queued" && queue !== null) return queueWords(queue);
  return call.muted && call.state === "live" ? "You are muted. Unmute to speak." : null;
}

function CallButton({ call, disabled }: { call: CallControl; disabled: boolean }) {
  const label = call.state === "idle" ? "Start a call" : "Call again";
  return (
    <div className="call-start">
      <button
        type="button"
        className="call-button"
        onClick={call.start}
        disabled={disabled}
        aria-describedby="call-help"
      >
        <span className="call-disc">
          <PhoneIcon />
        </span>
        {label}
      </button>
      <p id="call-help">Free, in your browser. It will ask for your microphone.</p>
    </div>
  );
}

function whoTalks({ handoff }: View): string {
  return handoff?.floor === "human" ? (handoff.agent ?? "Our colleague") : ASSISTANT;
}

function InCall({ call, theirs }: { call: CallControl; theirs: string }) {
  return (
    <div className="call-live">
      <div className="voices">
        <Meter label="You" levels={call.muted ? null : call.mine} side="mine" />
        <Meter label={theirs} levels={call.theirs} side="theirs" />
      </div>
      <div className="call-controls">
        <button type="button" className="round" aria-pressed={call.muted} onClick={call.toggleMute}>
          <span className="round-disc">{call.muted ? <MicOffIcon /> : <MicIcon />}</span>
          {call.muted ? "Unmute" : "Mute"}
        </button>
        <button type="button" className="round round-end" onClick={call.hangUp}>
          <span className="round-disc">
            <HangUpIcon />
          </span>
          Hang up
        </button>
      </div>
    </div>
  );
}

function CurrentRequest({ view }: { view: View }) {
  if (view.workflow === null) return null;
  const { name, awaiting } = view.workflow;
  return (
    <div className="request">
      <h3>Current request</h3>
      <p>
        {requestWords(name)}
        {awaiting !== null && <span> · waiting for {awaitedWords(awaiting)}</span>}
      </p>
    </div>
  );
}

const PERSON_WORDS: Record<View["person"], string> = {
  none: "Talk to a person",
  requested: "A person was asked to join",
  joined: "A person is here",
};

interface PersonButtonProps {
  view: View;
  disabled: boolean;
  onClick: () => void;
}

function PersonButton({ view, disabled, onClick }: PersonButtonProps) {
  const { person, handoff } = view;
  return (
    <div className="person">
      <button type="button" className="wide" disabled={disabled || person !== "none"} onClick={onClick}>
        <PersonIcon />
        {PERSON_WORDS[person]}
      </button>
      {handoff !== null && handoff.position !== null && (
        <p role="status">{lineWords(handoff.position, handoff.waitS)}</p>
      )}
    </div>
  );
}

function Clock({ since }: { since: number }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return (
    <span className="clock" role="timer" aria-label="Length of the call">
      {duration(Math.max(0, now - since))}
    </span>
  );
}
