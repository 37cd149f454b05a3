/**
 * The page's keyboard shortcuts. Alt with a letter leaves browsers' and screen readers' own keys alone; where
 * it types a character instead (a Mac's Option key in a text field), the character wins.
 */
import { useEffect } from "react";

export type Shortcut = "call" | "mute" | "person" | "write" | "stop" | "help";

export const SHORTCUTS: { shortcut: Shortcut; keys: string[]; what: string }[] = [
  { shortcut: "call", keys: ["Alt", "C"], what: "Start a call, or hang up" },
  { shortcut: "mute", keys: ["Alt", "M"], what: "Mute or unmute the microphone" },
  { shortcut: "person", keys: ["Alt", "P"], what: "Ask for a person" },
  { shortcut: "write", keys: ["/"], what: "Go to the message field" },
  { shortcut: "stop", keys: ["Esc"], what: "Stop the answer under way" },
  { shortcut: "help", keys: ["?"], what: "Show these shortcuts" },
];

const LETTERS: Record<string, Shortcut> = { c: "call", m: "mute", p: "person" };

export function shortcutOf(event: KeyboardEvent): Shortcut | null {
  if (event.ctrlKey || event.metaKey || event.repeat) return null;
  const writing =
    event.target instanceof HTMLElement && event.target.matches("input, textarea, [contenteditable]");
  if (event.key === "Escape") return "stop";
  if (event.altKey) {
    const typed = event.key.toLowerCase();
    const key = writing || typed in LETTERS ? typed : event.code.replace("Key", "").toLowerCase();
    return LETTERS[key] ?? null;
  }
  if (writing) return null;
  if (event.key === "/") return "write";
  return event.key === "?" ? "help" : null;
}

export function useShortcuts(act: (shortcut: Shortcut) => void): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      // An open dialog has the keyboard to itself.
      if (document.querySelector("dialog[open]") !== null) return;
      const shortcut = shortcutOf(event);
      if (shortcut === null) return;
      if (shortcut !== "stop") event.preventDefault();
      act(shortcut);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [act]);
}
