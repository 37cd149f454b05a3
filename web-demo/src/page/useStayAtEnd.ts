/** A list that stays at its end unless somebody scrolled up to read. */
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";

const NEAR_END_PX = 80;

/** `content` changes with what is shown; `own` with what the person at this page says or writes. */
export function useStayAtEnd(content: unknown, own: unknown) {
  const box = useRef<HTMLDivElement>(null);
  const [atEnd, setAtEnd] = useState(true);
  const toEnd = useCallback(() => {
    if (box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, []);
  const onScroll = useCallback(() => {
    if (box.current === null) return;
    const { scrollHeight, scrollTop, clientHeight } = box.current;
    setAtEnd(scrollHeight - scrollTop - clientHeight < NEAR_END_PX);
  }, []);
  useLayoutEffect(() => {
    if (atEnd) toEnd();
  }, [content, atEnd, toEnd]);
  // What somebody writes or says now is what they want to see.
  useLayoutEffect(toEnd, [own, toEnd]);
  useEffect(() => {
    if (box.current === null || !atEnd) return;
    const resized = new ResizeObserver(toEnd);
    resized.observe(box.current);
    return () => resized.disconnect();
  }, [atEnd, toEnd]);
  return { box, atEnd, onScroll, toEnd };
}
