/** Whether offers ring aloud; kept for the next visit. */
import { useCallback, useState } from "react";

const KEY = "warmline.ring";

export function useSound(): [on: boolean, set: (on: boolean) => void] {
  const [on, setOn] = useState(() => localStorage.getItem(KEY) !== "off");
  const set = useCallback((wanted: boolean) => {
    localStorage.setItem(KEY, wanted ? "on" : "off");
    setOn(wanted);
  }, []);
  return [on, set];
}
