/**
 * The desk's keyboard shortcuts. Alt with a letter leaves browsers' and screen readers' own keys alone, and
 * works while one writes; single keys only work where nobody writes.
 */
import { useLayoutEffect } from "react";

export type Key =
  | "accept"
  | "decline"
  | "presence"
  | "previous"
  | "next"
  | "mute"
  | "hold"
  | "keypad"
  | "handBack"
  | "transfer"
  | "end"
  | "write"
  | "ask"
  | "note"
  | "briefing"
  | "help";

export const KEYS: { key: Key; keys: string[]; what: string }[] = [
  { key: "accept", keys: ["Alt", "A"], what: "Accept what rings (A or Enter in its window), or connect now" },
  { key: "decline", keys: ["Alt", "X"], what: "Decline what rings" },
  { key: "presence", keys: ["Alt", "V"], what: "Available or away" },
  { key: "previous", keys: ["Alt", "↑"], what: "Previous contact" },
  { key: "next", keys: ["Alt", "↓"], what: "Next contact" },
  { key: "mute", keys: ["Alt", "M"], what: "Mute or unmute" },
  { key: "hold", keys: ["Alt", "H"], what: "Hold or go on" },
  { key: "keypad", keys: ["Alt", "K"], what: "Keypad" },
  { key: "handBack", keys: ["Alt", "B"], what: "Hand back to the bot" },
  { key: "transfer", keys: ["Alt", "T"], what: "Transfer" },
  { key: "end", keys: ["Alt", "Q"], what: "End the conversation" },
  { key: "write", keys: ["/"], what: "Go to the message field; there, choose a canned reply" },
  { key: "ask", keys: ["Alt", "I"], what: "Ask the bot in private" },
  { key: "note", keys: ["Alt", "N"], what: "Write a note" },
  { key: "briefing", keys: ["Alt", "R"], what: "Read the briefing" },
  { key: "help", keys: ["?"], what: "Show these shortcuts" },
];

const LETTERS: Record<string, Key> = {
  a: "accept",
  x: "decline",
  v: "presence",
  arrowup: "previous",
  arrowdown: "next",
  m: "mute",
  h: "hold",
  k: "keypad",
  b: "handBack",
  t: "transfer",
  q: "end",
  i: "ask",
  n: "note",
  r: "briefing",
};

const FIELD = "input, textarea, select, [contenteditable]";

/** Whether somebody writes into this. */
export function isField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches(FIELD);
}

export function keyOf(event: KeyboardEvent): Key | null {
  if (event.ctrlKey || event.metaKey || event.repeat) return null;
  if (event.altKey) {
    const typed = event.key.toLowerCase();
    // A Mac's Option key types another character; the key's place tells the letter.
    return LETTERS[typed] ?? LETTERS[event.code.replace("Key", "").toLowerCase()] ?? null;
  }
  if (isField(event.target)) return null;
  if (event.key === "/") return "write";
  return event.key === "?" ? "help" : null;
}

export function useKeys(act: (key: Key) => void): void {
  // Before anybody sees what is new, its keys must work: who presses at once means what they see.
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const key = keyOf(event);
      if (key === null) return;
      // An open dialog has the keyboard to itself, but what rings does not wait for it.
      const urgent = key === "accept" || key === "decline";
      if (!urgent && document.querySelector("dialog[open]") !== null) return;
      event.preventDefault();
      act(key);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [act]);
}
