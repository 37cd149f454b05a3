/**
 * Roving focus: a group of controls is one stop of the Tab key, arrow keys go around in it (ARIA Authoring
 * Practices, "Keyboard navigation inside components"). The group's controls carry `data-rove`.
 */
import { type KeyboardEvent, useCallback } from "react";

const NEXT = new Set(["ArrowDown", "ArrowRight"]);
const PREVIOUS = new Set(["ArrowUp", "ArrowLeft"]);

/** The group's `onKeyDown`. With `activate`, the control that is reached is pressed, too (as tabs are). */
export function useRoving(activate = false): (event: KeyboardEvent<HTMLElement>) => void {
  return useCallback(
    (event) => {
      const target = event.target as HTMLElement;
      if (event.altKey || event.ctrlKey || event.metaKey || target.dataset["rove"] === undefined) return;
      const all = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-rove]")];
      const next = all[goal(event.key, all.indexOf(target), all.length)];
      if (next === undefined) return;
      event.preventDefault();
      next.focus();
      if (activate) next.click();
    },
    [activate],
  );
}

function goal(key: string, at: number, count: number): number {
  if (NEXT.has(key)) return (at + 1) % count;
  if (PREVIOUS.has(key)) return (at - 1 + count) % count;
  if (key === "Home") return 0;
  return key === "End" ? count - 1 : -1;
}
