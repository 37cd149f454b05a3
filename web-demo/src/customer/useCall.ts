/** Joins a call to React: its state, the fault that ended it, mute, and the levels of both voices. */
import { useCallback, useEffect, useRef, useState } from "react";
import { CallFailed, type CallFault } from "../callFailed";
import { Levels } from "../levels";
import type { Credentials } from "../memory";
import type { View } from "../session";
import { Call, type CallState } from "../voice";

export interface CallControl {
  /** `idle` before the first call, `over` after one. */
  state: CallState | "idle" | "over";
  fault: { kind: CallFault; message: string } | null;
  /** Unix ms of the moment the call stood. */
  since: number | null;
  lastedMs: number | null;
  muted: boolean;
  mine: Levels | null;
  theirs: Levels | null;
  voice: MediaStream | null;
  start: () => void;
  hangUp: () => void;
  toggleMute: () => void;
}

const IDLE = {
  state: "idle" as CallControl["state"],
  fault: null as CallControl["fault"],
  since: null as number | null,
  lastedMs: null as number | null,
  muted: false,
  mine: null as Levels | null,
  theirs: null as Levels | null,
  voice: null as MediaStream | null,
};

export function isInCall(state: CallControl["state"]): boolean {
  return state !== "idle" && state !== "over";
}

export function useCall(credentials: () => Promise<Credentials>, onOver: () => void): CallControl {
  const [shown, setShown] = useState(IDLE);
  const call = useRef<Call>(null);

  const start = useCallback(() => {
    if (call.current !== null) return;
    // Made within the click, so that the browser lets it run.
    const audio = new AudioContext();
    const show = (change: Partial<typeof IDLE>) => setShown((former) => ({ ...former, ...change }));
    const current = new Call({
      below: "/api",
      request: credentials,
      onState: (state) =>
        setShown((former) => ({
          ...former,
          state,
          since: state === "live" ? (former.since ?? Date.now()) : former.since,
        })),
      onMicrophone: (stream) => show({ mine: new Levels(audio, stream) }),
      onVoice: (voice) => show({ voice, theirs: new Levels(audio, voice) }),
    });
    call.current = current;
    setShown({ ...IDLE, state: "asking" });
    const over = (fault: CallControl["fault"]) => {
      call.current = null;
      void audio.close();
      setShown(({ since }) => ({
        ...IDLE,
        state: "over",
        fault,
        lastedMs: since === null ? null : Date.now() - since,
      }));
      onOver();
    };
    void current.run().then(
      () => over(null),
      (error: unknown) => over(faultOf(error)),
    );
  }, [credentials, onOver]);

  const hangUp = useCallback(() => call.current?.hangUp(), []);
  const { muted } = shown;
  const toggleMute = useCallback(() => {
    if (call.current === null) return;
    call.current.mute(!muted);
    setShown((former) => ({ ...former, muted: !muted }));
  }, [muted]);

  useEffect(() => {
    // A page that is closed or left takes its call with it.
    const leave = () => call.current?.hangUp();
    window.addEventListener("pagehide", leave);
    return () => {
      window.removeEventListener("pagehide", leave);
      leave();
    };
  }, []);

  return { ...shown, start, hangUp, toggleMute };
}

function faultOf(error: unknown): CallControl["fault"] {
  if (error instanceof CallFailed) return { kind: error.fault, message: error.message };
  console.error("warmline: the call ended by a fault of the page", error);
  return { kind: "connection_lost", message: "" };
}

/** Hangs up when the session is over. */
export function useEndWithSession(view: View, call: CallControl): void {
  const over = view.ended !== null && isInCall(call.state);
  const { hangUp } = call;
  useEffect(() => {
    if (over) hangUp();
  }, [over, hangUp]);
}
