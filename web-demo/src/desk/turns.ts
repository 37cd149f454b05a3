/** Links from the briefing into the transcript. */

const SHOWN_MS = 2_000;

export function turnElementId(session: string, turn: string): string {
  return `turn-${session}-${turn}`;
}

/**
 * Scrolls the turn into view, moves the focus there and lights it up for a moment; false: it is not there.
 */
export function goToTurn(session: string, turn: string): boolean {
  const line = document.getElementById(turnElementId(session, turn));
  if (line === null) return false;
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  line.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" });
  line.focus({ preventScroll: true });
  line.dataset["lit"] = "true";
  setTimeout(() => delete line.dataset["lit"], SHOWN_MS);
  return true;
}
