import { describe, expect, it, vi } from "vitest";
import { currentCall, speaks } from "./calls";
import { isByTelephone } from "./contact";
import { type DeskAction, type DeskState, START, chosenContact, inOrder, reduce } from "./deskState";
import { type DeskFrame, parseDeskFrame } from "./deskWire";

/** As the gateway sends it. */
function frame(type: DeskFrame["type"], message: object): DeskAction {
  const parsed = parseDeskFrame(JSON.stringify({ type, ...message }));
  if (parsed === null) throw new Error(type);
  return { type: "frame", frame: parsed, nowS: 1000 };
}

const after = (...actions: DeskAction[]): DeskState => actions.reduce(reduce, START);

const welcome = frame("welcome", {
  agent: { agent_id: "a_1", name: "Anna", role: "agent" },
  presence: { state: "available", voice: true, audio: true },
  now: 1007.5,
});
const contact = (session: string, change: object = {}) =>
  frame("contact", {
    session,
    channel: "chat",
    state: "human_active",
    floor: "human",
    since: 1,
    mine: true,
    ...change,
  });
const said = (session: string, text: string, seq = 1) =>
  frame("event", {
    session,
    event: { seq, at: 1, type: "turn.customer", turn_id: `c${seq}`, channel: "chat", pii: { text } },
  });
const packet = (name: string) => ({ who: { name, verified: true }, summary: [`${name} wants a refund.`] });
const offer = (lease: string, session: string, change: object = {}) =>
  frame("offer", {
    lease,
    handoff_id: `h_${session}`,
    session,
    channel: "chat",
    queue: "general",
    reason: "customer_asked",
    until: 1020,
    briefing: packet("Rosa"),
    ...change,
  });

describe("a welcome", () => {
  it("sets clocks, and what the agent may use", () => {
    expect(after(welcome)).toMatchObject({ agent: { name: "Anna" }, aheadS: 7.5, me: { audio: true } });
  });

  it("takes off the desk what ended while the connection was away, and lets ring what still rings", () => {
    const before = after(
      welcome,
      contact("s_1", { handoff_id: "h_1" }),
      contact("s_2", { handoff_id: "h_2" }),
      said("s_1", "My secret"),
      offer("l_1", "s_3"),
      offer("l_2", "s_4"),
    );
    const again = frame("welcome", {
      agent: { agent_id: "a_1", name: "Anna", role: "agent" },
      presence: { state: "available" },
      offers: ["l_2"],
      contacts: ["h_2"],
    });
    const state = reduce(before, again);
    expect(JSON.stringify(state)).not.toContain("secret");
    expect(state).toMatchObject({ chosen: "s_2", offers: [{ lease: "l_2" }] });
  });

  it("after a lost connection keeps contacts and what was written, without passing marks and old offers", () => {
    const before = after(
      welcome,
      contact("s_1"),
      said("s_1", "Hello"),
      frame("typing", { session: "s_1", on: true }),
      { type: "draft", session: "s_1", text: "Dear" },
      offer("l_1", "s_2"),
    );
    const state = reduce(before, welcome);
    expect(state.offers).toEqual([]);
    expect(state.contacts.s_1).toMatchObject({ draft: "Dear", typing: false });
    expect(state.contacts.s_1?.view.items).toHaveLength(1);
  });
});

describe("an offer", () => {
  it("rings with its briefing until it ends", () => {
    const state = after(welcome, offer("l_1", "s_1"));
    expect(state.offers).toMatchObject([{ lease: "l_1", briefing: { who: { name: "Rosa" } } }]);
    expect(reduce(state, frame("offer.ended", { lease: "l_1", why: "missed" })).offers).toEqual([]);
  });

  it("rings even when its briefing cannot be read", () => {
    const complaint = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    expect(after(welcome, offer("l_1", "s_1", { briefing: { facts: 7 } })).offers).toMatchObject([
      { briefing: null },
    ]);
    expect(complaint).toHaveBeenCalledOnce();
    complaint.mockRestore();
  });

  it.each([
    ["before it ends", []],
    ["after it ended", [frame("offer.ended", { lease: "l_1", why: "accepted" })]],
  ])("that was accepted becomes a contact which knows its briefing: %s", (_, ended) => {
    const state = after(welcome, offer("l_1", "s_1"), ...ended, contact("s_1", { state: "briefing" }));
    expect(state.accepted).toBeNull();
    expect(state.offers).toEqual([]);
    expect(chosenContact(state)?.briefing?.who?.name).toBe("Rosa");
  });

  it("learns of a newer briefing while it rings", () => {
    const state = after(
      welcome,
      offer("l_1", "s_1"),
      frame("briefing", { session: "s_1", briefing: packet("Rosa B.") }),
    );
    expect(state.offers[0]?.briefing?.who?.name).toBe("Rosa B.");
  });
});

describe("contacts", () => {
  it("keep what belongs to them apart", () => {
    const state = after(
      welcome,
      contact("s_1"),
      contact("s_2"),
      said("s_1", "I am alpha."),
      said("s_2", "I am omega."),
      frame("briefing", { session: "s_2", briefing: packet("Omega") }),
      frame("answer", { session: "s_2", id: "i1", text: "omega too" }),
      { type: "draft", session: "s_1", text: "Dear alpha" },
    );
    expect(JSON.stringify(state.contacts.s_1)).not.toMatch(/omega/i);
    expect(JSON.stringify(state.contacts.s_2)).not.toMatch(/alpha/i);
  });

  it("of others are never made by what comes for them", () => {
    const state = after(welcome, said("s_9", "Hello"), frame("typing", { session: "s_9", on: true }));
    expect(state.contacts).toEqual({});
    expect(after(welcome, contact("s_9", { mine: false })).contacts).toEqual({});
  });

  it("count what was not read, and forget it when looked at", () => {
    const state = after(welcome, contact("s_1"), contact("s_2"), said("s_1", "a"), said("s_2", "b"));
    expect(state.chosen).toBe("s_1");
    expect(inOrder(state).map(({ unread }) => unread)).toEqual([0, 1]);
    expect(reduce(state, { type: "choose", session: "s_2" }).contacts.s_2?.unread).toBe(0);
  });

  it("count the customer's files as what was not read, and not our own", () => {
    const shared = (by: string, seq: number) =>
      frame("event", {
        session: "s_2",
        event: { seq, at: 1, type: "file.shared", file_id: `f${seq}`, by, size: 1, media_type: "image/png" },
      });
    const state = after(welcome, contact("s_1"), contact("s_2"), shared("customer", 1), shared("agent", 2));
    expect(state.contacts.s_2?.unread).toBe(1);
    expect(state.contacts.s_2?.view.items).toHaveLength(2);
  });

  it("come to the front when they are calls, and wait when they are chats beside another", () => {
    expect(after(welcome, contact("s_1"), contact("s_2")).chosen).toBe("s_1");
    expect(after(welcome, contact("s_1"), contact("s_2", { channel: "voice" })).chosen).toBe("s_2");
  });

  it.each([
    ["closed", contact("s_1", { state: "closed" })],
    ["gone to a colleague", contact("s_1", { mine: false })],
    ["lost", { type: "lost", session: "s_1" } as DeskAction],
  ])("leave nothing behind: %s", (_, end) => {
    const state = after(welcome, contact("s_1"), contact("s_2", { since: 2 }), said("s_1", "My secret"), end);
    expect(JSON.stringify(state)).not.toContain("secret");
    expect(state.chosen).toBe("s_2");
    expect(reduce(state, said("s_1", "Late words", 2)).contacts.s_1).toBeUndefined();
  });
});

describe("a telephone", () => {
  const joined = (leg_id: string, kind: string, role = "customer") =>
    frame("event", { session: "s_1", event: { seq: 0, at: 1, type: "leg.joined", leg_id, role, kind } });

  it.each([
    ["no leg is known", [], false],
    ["a SIP phone", [joined("l1", "sip")], true],
    ["a carrier's stream", [joined("l1", "stream")], true],
    ["a browser", [joined("l1", "webrtc")], false],
    ["a phone, and the chat they came from", [joined("l1", "sip"), joined("l2", "chat")], false],
    ["a browser, and the agent's phone", [joined("l1", "webrtc"), joined("l2", "sip", "human")], false],
  ])("cannot be written to: %s", (_, legs, closed) => {
    const state = after(welcome, contact("s_1", { channel: "voice" }), ...legs);
    expect(state.contacts.s_1 && isByTelephone(state.contacts.s_1)).toBe(closed);
  });
});

describe("messages", () => {
  const sent: DeskAction = { type: "sent", session: "s_1", id: "m1", text: "Hello", at: 1 };

  it("wait in their own contact until the log shows them", () => {
    const state = after(welcome, contact("s_1"), contact("s_2"), sent);
    expect(state.contacts.s_1?.view.pending).toMatchObject([{ id: "m1", state: "sending" }]);
    expect(state.contacts.s_2?.view.pending).toEqual([]);
    const event = {
      seq: 2,
      at: 1,
      type: "turn.human",
      turn_id: "p1",
      channel: "chat",
      agent_id: "a_1",
      agent: "Anna",
      client_id: "m1",
      pii: { text: "Hello" },
    };
    const shown = reduce(state, frame("event", { session: "s_1", event }));
    expect(shown.contacts.s_1?.view).toMatchObject({
      pending: [],
      items: [{ kind: "human", text: "Hello" }],
    });
  });

  it("that are refused say why", () => {
    const state = after(welcome, contact("s_1"), sent, {
      type: "refused",
      session: "s_1",
      id: "m1",
      reason: "No.",
    });
    expect(state.contacts.s_1?.view.pending).toMatchObject([{ state: "refused", reason: "No." }]);
  });
});

describe("the copilot", () => {
  const suggestion = (turn_id: string, text: string) =>
    frame("event", {
      session: "s_1",
      event: { seq: 0, at: 1, type: "suggestion", turn_id, kind: "reply", pii: { text } },
    });

  it("proposes for the newest turn only, each thing once", () => {
    const state = after(
      welcome,
      contact("s_1"),
      suggestion("c1", "Old"),
      suggestion("c2", "A"),
      suggestion("c2", "B"),
      suggestion("c2", "A"),
      suggestion("c2", ""),
    );
    expect(state.contacts.s_1?.proposals.map(({ text }) => text)).toEqual(["B", "A"]);
  });

  it("answers questions, or says why not", () => {
    const state = after(
      welcome,
      contact("s_1"),
      { type: "asked", session: "s_1", id: "i1", text: "How long?" },
      { type: "asked", session: "s_1", id: "i2", text: "And then?" },
      frame("answer", { session: "s_1", id: "i1", text: "30 days.", citations: [] }),
      { type: "failed", session: "s_1", id: "i2", reason: "The connection was lost." },
    );
    expect(state.contacts.s_1?.questions).toMatchObject([
      { answer: { text: "30 days." }, failed: null },
      { answer: null, failed: "The connection was lost." },
    ]);
  });

  it("shows what came of a tool, and a refusal as an answer", () => {
    const state = after(
      welcome,
      contact("s_1"),
      { type: "ran", session: "s_1", id: "i1", tool: "refund" },
      frame("tool", { session: "s_1", id: "i1", tool: "refund", outcome: "refused", code: "over_limit" }),
    );
    expect(state.contacts.s_1?.runs).toMatchObject([{ result: { outcome: "refused", code: "over_limit" } }]);
  });
});

describe("the microphone", () => {
  it.each([
    ["briefing", {}, false],
    ["bridging", {}, true],
    ["human_active", {}, true],
    ["human_active", { hold: true }, false],
    ["human_active", { muted: true }, false],
    ["human_active", { channel: "chat" }, false],
    ["wrap_up", {}, false],
  ])("is open while agent and customer talk: %s %o", (state, change, open) => {
    expect(speaks(after(welcome, contact("s_1", { channel: "voice", state, ...change })))).toBe(open);
  });

  it("belongs to one call at a time", () => {
    const state = after(welcome, contact("s_1"), contact("s_2", { channel: "voice", state: "wrap_up" }));
    expect(currentCall(state)).toBeNull();
    expect(currentCall(reduce(state, contact("s_3", { channel: "voice" })))?.info.session).toBe("s_3");
  });
});

describe("a supervisor", () => {
  const live = { session: "s_5", channel: "voice", state: "human_active", floor: "human", since: 1 };
  const looked = (state: DeskState) => {
    const [found] = state.live;
    if (found === undefined) throw new Error("no session");
    return reduce(state, { type: "look", live: found });
  };

  it("looks at a session that is not theirs, speaks only where they said so, and leaves without a trace", () => {
    const state = looked(after(welcome, frame("sessions", { live: [live] })));
    expect(chosenContact(state)?.info).toMatchObject({ session: "s_5", mine: false });
    expect(speaks(reduce(state, { type: "mode", session: "s_5", mode: "monitor" }))).toBe(false);
    const whispering = reduce(state, { type: "mode", session: "s_5", mode: "whisper" });
    expect(speaks(whispering)).toBe(true);
    const heard = reduce(whispering, said("s_5", "My secret"));
    expect(JSON.stringify(reduce(heard, { type: "mode", session: "s_5", mode: "off" }).contacts)).toBe("{}");
  });

  it("who takes over has the contact as their own", () => {
    const state = reduce(
      reduce(looked(after(welcome, frame("sessions", { live: [live] }))), {
        type: "mode",
        session: "s_5",
        mode: "barge",
      }),
      contact("s_5", { channel: "voice" }),
    );
    expect(chosenContact(state)).toMatchObject({ mode: "off", info: { mine: true } });
    expect(speaks(state)).toBe(true);
  });
});
