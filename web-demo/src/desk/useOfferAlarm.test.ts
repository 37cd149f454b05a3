import { expect, it } from "vitest";
import { EMPTY, type View, reduce } from "../session";
import { newContact } from "./contact";
import type { ContactFrame } from "./deskWire";
import { alarmOf } from "./useOfferAlarm";

const INFO = {
  type: "contact",
  session: "s_1",
  channel: "voice",
  state: "briefing",
  floor: "bot",
  mine: true,
} as unknown as ContactFrame;

function after(reason: string): View {
  const changed = {
    type: "handoff.changed",
    handoff_id: "h_1",
    state: "briefing",
    floor: "bot",
    reason,
    agent_id: "a_1",
    agent: "Anna",
    outcome: null,
  };
  return reduce(EMPTY, { type: "event", event: { seq: 1, at: 0, fact: changed } } as never);
}

it("a customer of a chat who calls rings, one whose briefing is being read does not", () => {
  const contact = newContact(INFO);
  expect(alarmOf(null, [{ ...contact, view: after("customer_calls") }], [])?.title).toBe("Your customer is calling");
  expect(alarmOf(null, [{ ...contact, view: after("accepted") }], [])).toBeNull();
  const colleagues = { ...contact, info: { ...INFO, mine: false }, view: after("customer_calls") };
  expect(alarmOf(null, [colleagues], [])).toBeNull();
});
