/** Tells screen readers what is final: whole replies, heard words, notes, the call's state. Never each partial. */
import type { Item } from "../lines";
import type { View } from "../session";
import { ASSISTANT, fileWords, noteWords } from "./plain";
import type { CallControl } from "./useCall";

const CALL_WORDS: Record<CallControl["state"], string> = {
  idle: "",
  asking: "Your browser asks for the microphone.",
  connecting: "The call is connecting.",
  live: "The call is on. Speak when you like.",
  reconnecting: "The call is reconnecting.",
  over: "The call has ended.",
};

export function Announcer({ view, call }: { view: View; call: CallControl["state"] }) {
  const last = view.items.findLast(isFinal);
  return (
    <div className="hidden">
      <div aria-live="polite">{last === undefined ? "" : announcement(last)}</div>
      <div aria-live="polite">{CALL_WORDS[call]}</div>
    </div>
  );
}

function isFinal(item: Item): boolean {
  if (item.kind === "tool") return false;
  if (item.kind === "file") return true;
  if (item.kind === "note") return noteWords(item.fact) !== "";
  return item.kind === "human" || (item.kind === "reply" ? item.done : item.channel === "voice");
}

function announcement(item: Item): string {
  switch (item.kind) {
    case "customer":
      return `You said: ${item.text}`;
    case "reply":
      return `${ASSISTANT}: ${item.text}${item.interrupted ? ", interrupted" : ""}`;
    case "human":
      return `${item.agent}: ${item.text}`;
    case "file":
      return fileWords(item);
    case "tool":
      return "";
    case "note":
      return noteWords(item.fact);
  }
}
