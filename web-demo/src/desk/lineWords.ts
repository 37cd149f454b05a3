/** How the agent's audio stands, in words: a title, and what to do. */
import type { CallFault } from "../callFailed";
import type { Line } from "./useLine";

export const LINE_WORDS: Record<Line["state"], [title: string, remedy: string]> = {
  off: ["", ""],
  asking: ["Waiting for the microphone", "Please answer your browser's question with “Allow”."],
  connecting: ["Connecting your audio", ""],
  live: ["Audio is connected", ""],
  reconnecting: ["Reconnecting your audio", "Calls stay where they are for a moment."],
  elsewhere: ["Your audio is somewhere else", "Another tab or window of yours has it."],
  failed: ["No audio", ""],
};

export const LINE_FAULTS: Record<CallFault, [title: string, remedy: string]> = {
  insecure_origin: ["Calls need a secure page", "Open the desk on https:// or localhost."],
  unsupported: ["This browser cannot make calls", "Use a current Chrome, Edge, Firefox or Safari."],
  permission_denied: [
    "The microphone is blocked",
    "Click the icon beside the address, allow the microphone, then connect again.",
  ],
  no_microphone: ["No microphone found", "Plug in a headset, then connect again."],
  microphone_busy: ["Another program uses the microphone", "Close it, then connect again."],
  microphone_gone: ["The microphone was disconnected", "Plug it in, then connect again."],
  refused: ["The gateway refused your audio", "Sign out and in again, or ask your supervisor."],
  gateway_unreachable: ["The gateway cannot be reached", "We go on trying."],
  no_path: ["Your network does not let calls through", "A firewall or VPN may block voice. We go on trying."],
  connection_lost: ["The audio was lost", "We go on trying."],
};
