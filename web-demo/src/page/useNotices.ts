/** The notices that are shown, newest last; the same sentence stands there once. */
import { useCallback, useRef, useState } from "react";

export interface Notice {
  id: number;
  text: string;
}

const MOST_NOTICES = 3;

export function useNotices() {
  const [notices, setNotices] = useState<Notice[]>([]);
  const count = useRef(0);
  const dismiss = useCallback(
    (id: number) => setNotices((shown) => shown.filter((notice) => notice.id !== id)),
    [],
  );
  const notify = useCallback((text: string) => {
    const notice = { id: ++count.current, text };
    setNotices((shown) => [...shown.filter((other) => other.text !== text), notice].slice(-MOST_NOTICES));
  }, []);
  return { notices, notify, dismiss };
}
