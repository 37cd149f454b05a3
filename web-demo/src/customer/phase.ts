/** Which of a few words describes the call right now. */
import type { ChatState } from "../chat";
import type { View } from "../session";
import type { CallControl } from "./useCall";

export type Phase =
  | "idle"
  | "asking"
  | "connecting"
  /** The call is on, but what happens in it is not told, as the chat connection is down. */
  | "live"
  | "queued"
  | "listening"
  | "hearing"
  | "thinking"
  | "speaking"
  | "reconnecting"
  | "over"
  | "failed";

export function phaseOf(
  call: Pick<CallControl, "state" | "fault">,
  view: Pick<View, "hearing" | "activity" | "queue">,
  connection: ChatState,
): Phase {
  if (call.state === "over") return call.fault === null ? "over" : "failed";
  if (call.state !== "live") return call.state;
  if (connection !== "open") return "live";
  if (view.queue !== null) return "queued";
  if (view.hearing) return "hearing";
  if (view.activity === "speaking") return "speaking";
  if (view.activity === "thinking" || view.activity === "typing") return "thinking";
  return "listening";
}

export const PHASE_WORDS: Record<Phase, [title: string, hint: string]> = {
  idle: ["Talk to us", "Ask anything, interrupt at any time."],
  asking: ["Waiting for the microphone", "Please answer your browser's question with “Allow”."],
  connecting: ["Connecting", "One moment."],
  live: ["In call", "Go on talking; the captions will be back in a moment."],
  queued: ["All lines are busy", "Please hold, or write to us below."],
  listening: ["Listening", "Go ahead, speak naturally."],
  hearing: ["Listening", "I hear you."],
  thinking: ["Thinking", "One moment."],
  speaking: ["Speaking", "Just talk to interrupt."],
  reconnecting: ["Reconnecting", "The line dropped. Hold on, the conversation is kept."],
  over: ["Call ended", "The conversation stays here. You can go on in writing or call again."],
  failed: ["Call not possible", ""],
};
