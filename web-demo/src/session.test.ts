import { describe, expect, it } from "vitest";
import { type ReplyItem, lineLook, openReply } from "./lines";
import { type Action, EMPTY, type View, firmness, reduce } from "./session";
import type { Fact } from "./wire";

let seq = 0;

function event(fact: Fact): Action {
  return { type: "event", event: { seq: ++seq, at: 1795370000, fact } };
}

function after(...actions: (Fact | Action)[]): View {
  return actions.reduce<View>((view, action) => reduce(view, isFact(action) ? event(action) : action), EMPTY);
}

const ACTIONS = new Set(["event", "session", "sent", "stored", "refused", "discarded", "call.over"]);
const isFact = (action: Fact | Action): action is Fact => !ACTIONS.has(action.type);

const turn = (text: string, change: Partial<Extract<Fact, { type: "turn.customer" }>> = {}): Fact => ({
  type: "turn.customer",
  turn_id: "c1",
  channel: "chat",
  client_id: null,
  pii: { text },
  ...change,
});

const started = (turn_id = "r1"): Fact => ({ type: "reply.started", turn_id, answers: "c1" });

const delta = (offset: number, text: string): Fact => ({ type: "reply.delta", turn_id: "r1", offset, text });

const done = (text: string, change: Partial<Extract<Fact, { type: "reply.done" }>> = {}): Fact => ({
  type: "reply.done",
  turn_id: "r1",
  answers: "c1",
  interrupted: false,
  heard_ms: null,
  source: "workflow",
  citations: [],
  latency: null,
  pii: { text },
  ...change,
});

const called = (call_id: string): Fact => ({
  type: "tool.called",
  turn_id: "r1",
  call_id,
  tool: "look_up_order",
  effect: "read",
  agent_id: null,
  pii: { values: { order_id: "10437" } },
});

const finished = (call_id: string): Fact => ({
  type: "tool.finished",
  turn_id: "r1",
  call_id,
  tool: "look_up_order",
  outcome: "done",
  code: null,
  receipt_id: "rc_1",
  elapsed_ms: 12,
  pii: { values: { status: "in transit" } },
});

function reply(view: View): ReplyItem {
  const found = view.items.find((item) => item.kind === "reply");
  if (found === undefined) throw new Error("no reply");
  return found;
}

describe("a reply", () => {
  it("grows by deltas at their offsets", () => {
    expect(reply(after(started(), delta(0, "Your order "), delta(11, "is late."))).text).toBe(
      "Your order is late.",
    );
  });

  it("is put right by a delta that begins at 0, as after a reconnect", () => {
    expect(
      reply(after(started(), delta(0, "Your or"), delta(0, "Your order "), delta(11, "is here."))).text,
    ).toBe("Your order is here.");
  });

  it("counts offsets in code points, as the gateway does", () => {
    expect(reply(after(started(), delta(0, "Hi 🌲 "), delta(5, "there"))).text).toBe("Hi 🌲 there");
  });

  it("leaves out words beyond a gap, and reply.done brings the whole", () => {
    const gap = after(started(), delta(0, "One "), delta(8, "three"));
    expect(reply(gap).text).toBe("One ");
    expect(reply(reduce(gap, event(done("One two three")))).text).toBe("One two three");
  });

  it("keeps what was heard when it was interrupted, whatever words come late", () => {
    const view = after(
      started(),
      delta(0, "Refunds over $500 need a person."),
      done("Refunds over", { interrupted: true, heard_ms: 900 }),
      delta(32, " More"),
    );
    expect(reply(view)).toMatchObject({ text: "Refunds over", interrupted: true, heardMs: 900, done: true });
    expect(openReply(view)).toBeNull();
  });

  it("is closed as interrupted when the next one begins without its end", () => {
    const view = after(started("r1"), delta(0, "Your"), started("r2"));
    expect(reply(view)).toMatchObject({ key: "r1", done: true, interrupted: true });
    expect(openReply(view)?.key).toBe("r2");
  });

  it("shows tools with arguments, result and receipt, also when its start was not seen", () => {
    const view = after(called("k1"), called("k2"), finished("k2"));
    expect(reply(view).tools).toMatchObject([
      { callId: "k1", result: null, arguments: { order_id: "10437" } },
      { callId: "k2", result: { outcome: "done", receiptId: "rc_1", elapsedMs: 12 } },
    ]);
  });

  it("shows the tools that name the customer's turn it answers", () => {
    const view = after(
      turn("Where is it?"),
      started(),
      { ...called("k1"), turn_id: "c1" } as Fact,
      done("Here."),
    );
    expect(view.items).toHaveLength(2);
    expect(reply(view)).toMatchObject({ text: "Here.", tools: [{ callId: "k1" }] });
  });

  it("stands behind the note on who the customer is, on which it rests", () => {
    const view = after(started(), { type: "identity.verified", method: "zip" }, done("Your order is late."));
    expect(view.items.map((item) => item.kind)).toEqual(["note", "reply"]);
  });

  it("leaves the latency of the last heard answer in place when others follow", () => {
    const latency = {
      decision_ms: 210,
      drafted_ms: null,
      final_transcript_ms: 300,
      understood_ms: 310,
      tools_ms: null,
      first_token_ms: 400,
      first_clause_ms: 400,
      filler_ms: null,
      first_audio_ms: 550,
    };
    const cutOff = { ...latency, first_audio_ms: null };
    const view = after(
      done("Spoken", { latency }),
      done("", { turn_id: "r2", interrupted: true, latency: cutOff }),
      done("Written", { turn_id: "r3" }),
    );
    expect(view.latency).toEqual(latency);
  });
});

describe("a caption", () => {
  const partial = (text: string, stable_chars: number): Fact => ({
    type: "transcript.partial",
    stable_chars,
    party: null,
    pii: { text },
  });

  it("replaces the former one and tells firm from soft", () => {
    const view = after({ type: "speech.started" }, partial("I want", 0), partial("I want a refund", 7));
    expect(view.hearing).toBe(true);
    expect(view.partial && firmness(view.partial)).toEqual(["I want ", "a refund"]);
  });

  it("goes when the turn is complete", () => {
    const view = after(
      { type: "speech.started" },
      partial("I want", 0),
      turn("I want a refund.", { channel: "voice" }),
    );
    expect(view).toMatchObject({ partial: null, hearing: false });
    expect(view.items).toMatchObject([{ kind: "customer", text: "I want a refund.", channel: "voice" }]);
  });

  it("stays while somebody types beside it", () => {
    expect(after(partial("I want", 0), turn("Hello")).partial).not.toBeNull();
  });

  it("goes when the call is over", () => {
    expect(after(partial("I want", 0), { type: "call.over" }).partial).toBeNull();
  });
});

describe("a message", () => {
  const sent: Action = { type: "sent", id: "m1", text: "Hello", at: 1 };

  it("waits until the session's log shows it, then stands there once", () => {
    expect(after(sent).pending).toMatchObject([{ id: "m1", state: "sending" }]);
    const view = after(sent, { type: "stored", id: "m1" }, turn("Hello", { client_id: "m1" }));
    expect(view.pending).toEqual([]);
    expect(view.items).toHaveLength(1);
  });

  it("is not doubled when it is taken over again after a reload", () => {
    expect(after(sent, sent).pending).toHaveLength(1);
  });

  it("keeps the reason of a refusal until it is removed", () => {
    const refused = after(sent, { type: "refused", id: "m1", reason: "Too long." });
    expect(refused.pending).toMatchObject([{ state: "refused", reason: "Too long." }]);
    expect(reduce(refused, { type: "discarded", id: "m1" }).pending).toEqual([]);
  });
});

describe("a session", () => {
  it("keeps its items when the same one goes on, but not what was passing", () => {
    const view = after(
      { type: "session", session: "s_1" },
      turn("Hello"),
      { type: "activity", state: "thinking" },
      { type: "session", session: "s_1" },
    );
    expect(view.items).toHaveLength(1);
    expect(view.activity).toBe("idle");
  });

  it("begins empty when another one takes its place, with the messages that were not delivered", () => {
    const view = after(
      { type: "session", session: "s_1" },
      turn("Hello"),
      { type: "sent", id: "m2", text: "Still there?", at: 1 },
      { type: "session", session: "s_2" },
    );
    expect(view).toMatchObject({ session: "s_2", items: [] });
    expect(view.pending).toHaveLength(1);
  });

  it("shows when a person is asked for, comes and goes", () => {
    const joined: Fact = { type: "leg.joined", leg_id: "l2", role: "human", kind: "chat" };
    const asked = after({ type: "handoff.requested", reason: "over_limit" });
    expect(asked.person).toBe("requested");
    const here = reduce(asked, event(joined));
    expect(here.person).toBe("joined");
    const left = reduce(
      here,
      event({ type: "leg.left", leg_id: "l2", role: null, by: "human", reason: "done" }),
    );
    expect(left.person).toBe("none");
    expect(left.items.map((item) => item.kind)).toEqual(["note", "note", "note"]);
  });

  it("says nothing of the customer's own connections", () => {
    const joined: Fact = { type: "leg.joined", leg_id: "l1", role: "customer", kind: "webrtc" };
    expect(
      after(joined, { type: "leg.left", leg_id: "l1", role: null, by: "remote", reason: "closed" }).items,
    ).toEqual([]);
  });

  it("shows where a waiting call stands, until it is admitted, refused or over", () => {
    const joined: Fact = { type: "leg.joined", leg_id: "l1", role: "customer", kind: "webrtc" };
    const waiting = after(
      { type: "session", session: "s_1" },
      joined,
      { type: "call.waiting", leg_id: "l1", position: 2 },
      { type: "call.waiting", leg_id: "l1", position: 1 },
    );
    expect(waiting).toMatchObject({ queue: 1, items: [] });
    const admitted = reduce(waiting, event({ type: "call.admitted", leg_id: "l1", waited_ms: 9000 }));
    expect(admitted.queue).toBeNull();
    const refused = reduce(
      waiting,
      event({ type: "call.refused", leg_id: "l1", reason: "waited_too_long", message: "Sorry." }),
    );
    expect(refused.queue).toBeNull();
    expect(refused.items).toMatchObject([{ kind: "note", fact: { message: "Sorry." } }]);
    const gone = reduce(
      waiting,
      event({ type: "leg.left", leg_id: "l1", role: null, by: "remote", reason: "hung up" }),
    );
    expect(gone.queue).toBeNull();
    expect(reduce(waiting, { type: "call.over" }).queue).toBeNull();
    expect(reduce(waiting, { type: "session", session: "s_1" }).queue).toBe(1);
  });

  it("ends with everything settled", () => {
    const view = after(started(), {
      type: "session.ended",
      outcome: "expired",
      reason: "silence",
      by: "gateway",
    });
    expect(view.ended?.outcome).toBe("expired");
    expect(openReply(view)).toBeNull();
  });

  it("shows the request under way only while it is active", () => {
    const step = (state: "active" | "done"): Fact => ({
      type: "workflow.changed",
      workflow: "refund",
      state,
      awaiting: state === "active" ? "confirmation" : null,
      pii: { values: {} },
    });
    expect(after(step("active")).workflow).toEqual({ name: "refund", awaiting: "confirmation" });
    expect(after(step("active"), step("done")).workflow).toBeNull();
  });
});

describe("a person", () => {
  const handoff = (state: string, floor: "bot" | "human" | "none", agent: string | null = null): Fact => ({
    type: "handoff.changed",
    handoff_id: "h_1",
    state,
    floor,
    reason: "customer_asked",
    agent_id: agent === null ? null : "a_1",
    agent,
    outcome: null,
  });
  const position = (place: number, wait_s: number | null, handoff_id = "h_1"): Fact => ({
    type: "handoff.position",
    handoff_id,
    position: place,
    wait_s,
  });

  it("is waited for in a line whose place is known", () => {
    const view = after(handoff("queued", "bot"), position(2, 180), position(9, null, "h_other"));
    expect(view).toMatchObject({ person: "requested", handoff: { position: 2, waitS: 180 } });
    expect(
      after(handoff("queued", "bot"), position(2, 180), handoff("briefing", "bot")).handoff,
    ).toMatchObject({ position: null, waitS: null });
  });

  it("is here while they have the floor, and keeps their name", () => {
    const view = after(handoff("human_active", "human", "Anna"), handoff("human_active", "human"));
    expect(view).toMatchObject({ person: "joined", handoff: { agent: "Anna" } });
    expect(after(handoff("human_active", "human", "Anna"), handoff("ai_active", "bot"))).toMatchObject({
      person: "none",
      handoff: { agent: null },
    });
  });

  it("speaks in captions of their own and in whole turns", () => {
    const caption: Fact = {
      type: "transcript.partial",
      stable_chars: 0,
      party: "human",
      pii: { text: "Good" },
    };
    const said: Fact = {
      type: "turn.human",
      turn_id: "p1",
      channel: "voice",
      agent_id: "a_1",
      agent: "Anna",
      client_id: null,
      pii: { text: "Good morning." },
    };
    const speaking = after(caption);
    expect(speaking).toMatchObject({ partial: null, humanPartial: { text: "Good" } });
    const view = reduce(speaking, event(said));
    expect(view.humanPartial).toBeNull();
    expect(view.items).toMatchObject([{ kind: "human", text: "Good morning.", agent: "Anna" }]);
  });

  it("runs tools that belong to no reply", () => {
    const own: Fact = { ...called("k9"), agent_id: "a_1" } as Fact;
    const view = after(own, finished("k9"));
    expect(view.items).toMatchObject([
      { kind: "tool", agentId: "a_1", run: { tool: "look_up_order", result: { outcome: "done" } } },
    ]);
    expect(openReply(view)).toBeNull();
  });

  it("has sent what the log shows with its id", () => {
    const view = after(
      { type: "sent", id: "m1", text: "Hello", at: 1 },
      {
        type: "turn.human",
        turn_id: "p1",
        channel: "chat",
        agent_id: "a_1",
        agent: "Anna",
        client_id: "m1",
        pii: { text: "Hello" },
      },
    );
    expect(view.pending).toEqual([]);
    expect(view.items).toHaveLength(1);
  });
});

describe("a file", () => {
  const shared = (change: Partial<Extract<Fact, { type: "file.shared" }>> = {}): Fact => ({
    type: "file.shared",
    file_id: "file_1",
    by: "customer",
    agent_id: null,
    agent: null,
    size: 482113,
    media_type: "image/jpeg",
    pii: { name: "lamp.jpg" },
    ...change,
  });

  it("stands between the turns, on the side of who sent it", () => {
    const fromAgent = shared({ file_id: "file_2", by: "agent", agent_id: "a_7f", agent: "Alex" });
    const { items } = after(turn("Look"), shared(), fromAgent);
    expect(items.slice(1)).toMatchObject([
      { kind: "file", key: "file_1", by: "customer", name: "lamp.jpg", mediaType: "image/jpeg" },
      { kind: "file", key: "file_2", by: "agent", agentId: "a_7f", agent: "Alex" },
    ]);
    expect(items.map(lineLook)).toEqual(["line line-customer", "line line-customer", "line line-human"]);
  });

  it("has no name once that was erased", () => {
    expect(after(shared({ pii: { name: null } })).items).toMatchObject([{ name: null }]);
  });
});
