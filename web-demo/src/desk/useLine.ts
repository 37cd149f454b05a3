/**
 * The agent's own audio: connected once and kept between calls, so that a call needs no new negotiation. The
 * microphone's track is silent unless agent and customer (or a colleague) are to hear each other.
 */
import { useCallback, useEffect, useRef, useState } from "react";
import { type Backoff, delayMs } from "../backoff";
import { CallFailed, type CallFault } from "../callFailed";
import { Levels } from "../levels";
import { Call, type CallState } from "../voice";
import { Waiting } from "../waiting";

export interface Line {
  /** `elsewhere`: another tab, or the gateway, has taken it. */
  state: CallState | "off" | "elsewhere" | "failed";
  fault: { kind: CallFault; message: string } | null;
  mine: Levels | null;
  theirs: Levels | null;
  voice: MediaStream | null;
  retry: () => void;
  /** Connects the audio if it is not, and waits for that. Rejects with `CallFailed`. */
  ready: () => Promise<void>;
  /** What `ready` was asked for is over: the audio stays only if the agent takes calls. */
  release: () => void;
}

const READY_WITHIN_MS = 20_000;
const RETRY: Backoff = { firstMs: 1_000, maxMs: 15_000 };
/** The network's doing: it is worth coming back by itself. */
const PASSING = new Set<CallFault>(["gateway_unreachable", "connection_lost", "no_path"]);

const OFF = {
  state: "off" as Line["state"],
  fault: null as Line["fault"],
  mine: null as Levels | null,
  theirs: null as Levels | null,
  voice: null as MediaStream | null,
};

interface Wanted {
  /** The agent takes calls, or is in one. */
  wanted: boolean;
  /** The far end is to hear the microphone. */
  speaks: boolean;
  /** Grows with each greeting of the gateway: after a restart the audio is connected anew. */
  welcomes: number;
}

export function useLine({ wanted, speaks, welcomes }: Wanted): Line {
  const [shown, setShown] = useState(OFF);
  const [tries, setTries] = useState(0);
  const [asked, setAsked] = useState(false);
  const call = useRef<Call>(null);
  const speaking = useRef(speaks);
  const [live] = useState(() => new Waiting<true>(READY_WITHIN_MS));
  const on = wanted || asked;

  useEffect(() => {
    speaking.current = speaks;
    call.current?.mute(!speaks);
  }, [speaks]);

  useEffect(() => {
    if (!on) return;
    const audio = new AudioContext();
    // Without a click so far the browser keeps it silent.
    const wake = () => void audio.resume();
    window.addEventListener("pointerdown", wake);
    window.addEventListener("keydown", wake);
    const gone = new AbortController();
    const show = (change: Partial<typeof OFF>) => {
      if (!gone.signal.aborted) setShown((former) => ({ ...former, ...change }));
    };
    const connect = () => {
      const current = new Call({
        below: "/api/desk",
        request: () => Promise.resolve({}),
        onState: (state) => {
          if (state === "live") live.set(true);
          else live.clear();
          show({ state, fault: null });
        },
        onMicrophone: (stream) => {
          current.mute(!speaking.current);
          show({ mine: new Levels(audio, stream) });
        },
        onVoice: (voice) => show({ voice, theirs: new Levels(audio, voice) }),
      });
      call.current = current;
      return current.run();
    };
    const stay = async () => {
      for (let attempt = 0; !gone.signal.aborted; attempt++) {
        try {
          const end = await connect();
          return show({ ...OFF, state: end === "gateway" ? "elsewhere" : "off" });
        } catch (error) {
          const fault = faultOf(error);
          show({ ...OFF, state: PASSING.has(fault.kind) ? "reconnecting" : "failed", fault });
          if (!PASSING.has(fault.kind)) return;
          await pause(delayMs(RETRY, attempt, Math.random()), gone.signal);
        } finally {
          live.clear();
        }
      }
    };
    void stay();
    return () => {
      gone.abort();
      call.current?.hangUp();
      call.current = null;
      live.clear();
      window.removeEventListener("pointerdown", wake);
      window.removeEventListener("keydown", wake);
      void audio.close();
      setShown(OFF);
    };
  }, [on, tries, live]);

  const retry = useCallback(() => setTries((count) => count + 1), []);
  const waits = shown.state === "elsewhere";
  const greeted = useRef(welcomes);
  useEffect(() => {
    if (greeted.current === welcomes) return;
    greeted.current = welcomes;
    if (waits) retry();
  }, [welcomes, waits, retry]);

  const stuck = shown.state === "elsewhere" || shown.state === "failed";
  const ready = useCallback(async () => {
    setAsked(true);
    if (stuck) retry();
    await live.get();
  }, [stuck, retry, live]);

  const release = useCallback(() => setAsked(false), []);

  return { ...shown, retry, ready, release };
}

function faultOf(error: unknown): NonNullable<Line["fault"]> {
  if (error instanceof CallFailed) return { kind: error.fault, message: error.message };
  console.error("warmline: the audio ended by a fault of the page", error);
  return { kind: "connection_lost", message: "" };
}

function pause(ms: number, until: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    until.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
