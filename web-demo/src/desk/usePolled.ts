/** Asks again and again for as long as somebody looks at this tab; what was found last stays meanwhile. */
import { useCallback, useEffect, useState } from "react";
import { RequestFailed } from "./request";

export interface Polled<T> {
  /** Null until it was found once. */
  value: T | null;
  /** Why the newest try came to nothing. */
  fault: string | null;
  /** Asks at once. */
  again: () => void;
}

/** `onDoubt` is told when the sign-in may be over. `question` is the same from render to render. */
export function usePolled<T>(
  question: () => Promise<T>,
  everyMs: number,
  on: boolean,
  onDoubt: () => void,
): Polled<T> {
  const [value, setValue] = useState<T | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    if (!on) return;
    let here = true;
    let busy = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async () => {
      if (busy || document.visibilityState !== "visible") return;
      busy = true;
      clearTimeout(timer);
      const found = await question().catch(asFailure);
      busy = false;
      if (!here) return;
      if (found instanceof RequestFailed) {
        setFault(found.message);
        if (found.code === "not_signed_in") onDoubt();
      } else {
        setValue(found);
        setFault(null);
      }
      timer = setTimeout(() => void look(), everyMs);
    };
    const seen = () => void look();
    void look();
    document.addEventListener("visibilitychange", seen);
    return () => {
      here = false;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
    };
  }, [question, everyMs, on, onDoubt, asked]);
  const again = useCallback(() => setAsked((count) => count + 1), []);
  return { value, fault, again };
}

/** A request that failed is an answer here; anything else is a bug of ours. */
export function asFailure(error: unknown): RequestFailed {
  if (error instanceof RequestFailed) return error;
  throw error;
}
