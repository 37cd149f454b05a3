/** Whether something that was begun here is under way, so that it is not begun twice. */
import { useCallback, useEffect, useRef, useState } from "react";

export function useBusy(): [busy: boolean, during: <T>(work: Promise<T>) => Promise<T>] {
  const [busy, setBusy] = useState(false);
  const here = useRef(true);
  useEffect(() => {
    here.current = true;
    return () => {
      here.current = false;
    };
  }, []);
  const during = useCallback(async <T>(work: Promise<T>): Promise<T> => {
    setBusy(true);
    try {
      return await work;
    } finally {
      if (here.current) setBusy(false);
    }
  }, []);
  return [busy, during];
}
