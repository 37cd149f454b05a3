/** Which call the agent's audio is for, and who is to hear their microphone. Pure. */
import type { Contact } from "./contact";
import { type DeskState, inOrder } from "./deskState";

/** The call that the agent's audio belongs to, if any. */
export function currentCall(state: DeskState): Contact | null {
  const mine = inOrder(state).filter(({ info }) => info.mine && info.channel === "voice");
  const live = mine.find(({ info }) => CALL_STATES.has(info.state));
  return live ?? null;
}

const CALL_STATES = new Set(["briefing", "bridging", "human_active"]);

/** Whether the customer, or a colleague, is to hear the agent's microphone now. */
export function speaks(state: DeskState): boolean {
  const consulting = state.consults.some(
    ({ state: stands, mine, session }) =>
      stands === "talking" && !(mine && state.contacts[session]?.info.muted === true),
  );
  if (consulting) return true;
  return Object.values(state.contacts).some(({ info, mode }) => {
    if (mode === "whisper" || mode === "barge" || mode === "take_over") return true;
    const talking = info.state === "human_active" || info.state === "bridging";
    return info.mine && info.channel === "voice" && talking && !info.hold && !info.muted;
  });
}
