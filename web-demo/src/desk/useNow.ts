/**
 * The gateway's time in whole seconds (Unix), ticking. `aheadS` is how far its clock is ahead of this
 * machine's.
 */
import { useEffect, useState } from "react";

export function useNow(aheadS: number): number {
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now() / 1000), 1000);
    return () => clearInterval(timer);
  }, []);
  return Math.floor(now + aheadS);
}
