import { describe, expect, it } from "vitest";
import { currentCall, speaks } from "./calls";
import {
  askingAbout,
  consultWords,
  consultedOn,
  endWords,
  isAsked,
  lookedAt,
  ringingConsult,
} from "./consult";
import { type DeskAction, START, chosenContact, reduce } from "./deskState";
import { type Consult, type DeskFrame, parseDeskFrame } from "./deskWire";
import { alarmOf } from "./useOfferAlarm";

function frame(type: DeskFrame["type"], message: object): DeskAction {
  const parsed = parseDeskFrame(JSON.stringify({ type, ...message }));
  if (parsed === null) throw new Error(type);
  return { type: "frame", frame: parsed, nowS: 1000 };
}

const after = (...actions: DeskAction[]) => actions.reduce(reduce, START);
const consult = (change: object = {}) =>
  frame("consult", {
    consult: "c_1",
    session: "s_1",
    state: "asked",
    agent_id: "a_alex",
    agent: "Alex",
    colleague_id: "a_kim",
    colleague: "Kim",
    customer: "Rosa Blum",
    queue: "refunds",
    reason: "over_limit",
    since: 1000,
    until: 1020,
    mine: false,
    briefing: { who: { name: "Rosa Blum" }, summary: ["Rosa wants a refund."] },
    ...change,
  });
const contact = (change: object = {}) =>
  frame("contact", {
    session: "s_1",
    channel: "voice",
    state: "human_active",
    floor: "human",
    since: 1,
    mine: true,
    ...change,
  });
const said = frame("event", {
  session: "s_1",
  event: { seq: 1, at: 1, type: "turn.customer", turn_id: "c1", channel: "voice", pii: { text: "A secret" } },
});
const welcome = (consults: string[]) =>
  frame("welcome", {
    agent: { agent_id: "a_kim", name: "Kim", role: "agent" },
    presence: { state: "available" },
    offers: [],
    contacts: [],
    consults,
  });

describe("who is asked", () => {
  it("hears it ring, with the briefing, and their audio is wanted before they say yes", () => {
    const state = after(consult());
    expect(ringingConsult(state.consults)).toMatchObject({
      agent: "Alex",
      briefing: { summary: ["Rosa wants a refund."] },
    });
    expect(isAsked(state.consults)).toBe(true);
    expect(state.contacts).toEqual({});
    expect(speaks(state)).toBe(false);
    expect(alarmOf(null, [], [], ringingConsult(state.consults))).toEqual({
      key: "c_1",
      title: "Alex asks you",
      body: "About Rosa Blum: over the bot's limit",
    });
  });

  it("reads along and speaks from their yes until it is over, and keeps nothing of it", () => {
    const talking = after(consult(), consult({ state: "talking", until: null }), said);
    expect(ringingConsult(talking.consults)).toBeNull();
    expect(chosenContact(talking)?.info).toMatchObject({ mine: false, customer: "Rosa Blum" });
    expect(chosenContact(talking)?.briefing?.summary).toEqual(["Rosa wants a refund."]);
    expect(JSON.stringify(talking.contacts)).toContain("A secret");
    expect(speaks(talking)).toBe(true);
    expect(currentCall(talking)).toBeNull();
    const over = reduce(talking, consult({ state: "over", why: "back" }));
    expect(over).toMatchObject({ consults: [], contacts: {}, chosen: null });
    expect(speaks(over)).toBe(false);
  });

  it("keeps the customer who is handed over, with all that was said", () => {
    const talking = after(consult({ state: "talking" }), said);
    const state = [contact({ agent_id: "a_kim" }), consult({ state: "over", why: "handed_over" })].reduce(
      reduce,
      talking,
    );
    expect(chosenContact(state)?.info.mine).toBe(true);
    expect(JSON.stringify(state.contacts)).toContain("A secret");
    expect(currentCall(state)?.info.session).toBe("s_1");
  });

  it("finds what lasts after a lost connection, and nothing else", () => {
    const talking = after(welcome([]), consult({ state: "talking" }), said);
    expect(reduce(talking, welcome(["c_1"])).consults).toHaveLength(1);
    expect(reduce(talking, welcome([]))).toMatchObject({ consults: [], contacts: {} });
  });
});

describe("who asks", () => {
  const mine = { mine: true, briefing: null };

  it("has the customer while it rings, and speaks with the colleague while the customer hears music", () => {
    const asked = after(contact(), consult(mine));
    expect(askingAbout(asked.consults, "s_1")?.state).toBe("asked");
    expect(askingAbout(asked.consults, "s_2")).toBeNull();
    expect(consultedOn(asked.consults, "s_1")).toBeNull();
    expect(isAsked(asked.consults)).toBe(false);
    const held = reduce(asked, contact({ hold: true }));
    expect(speaks(held)).toBe(false);
    const talking = reduce(held, consult({ ...mine, state: "talking" }));
    expect(speaks(talking)).toBe(true);
    expect(speaks(reduce(talking, contact({ hold: true, muted: true })))).toBe(false);
    const over = reduce(talking, consult({ ...mine, state: "over", why: "left" }));
    expect(over.consults).toEqual([]);
    expect(chosenContact(over)?.info.session).toBe("s_1");
  });
});

describe("words", () => {
  const one = (change: object) => ({ ...after(consult()).consults[0], ...change }) as Consult;

  it.each([
    [{ mine: true, state: "asked" }, "It rings at Kim's desk. You still have Rosa Blum."],
    [{ mine: true, state: "talking" }, "You talk with Kim. Rosa Blum hears music."],
    [
      { mine: true, state: "talking", customer: null, briefing: null },
      "You talk with Kim. The customer hears music.",
    ],
    [{ mine: false, state: "talking" }, "You talk with Alex about Rosa Blum. The customer hears music."],
  ])("say where it stands: %o", (change, words) => {
    expect(consultWords(one(change))).toBe(words);
  });

  it.each([
    [{ mine: true, why: "declined" }, "Kim cannot help just now."],
    [{ mine: true, why: "handed_over" }, "Kim has the customer now."],
    [{ mine: true, why: "back" }, null],
    [{ mine: false, why: "back" }, "Alex is back with the customer."],
    [{ mine: false, why: "left" }, null],
    [{ mine: false, why: "of a newer gateway" }, null],
    [{ mine: false, why: null }, null],
  ])("say how it ended: %o", (change, words) => {
    expect(endWords(one(change))).toBe(words);
  });

  it("name the customer where the gateway does not", () => {
    expect(lookedAt(one({ customer: null })).briefing?.who?.name).toBe("Rosa Blum");
  });
});
