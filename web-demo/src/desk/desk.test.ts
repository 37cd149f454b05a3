import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Socket } from "../connection";
import { ActionFailed } from "./actions";
import { Desk, type DeskListener } from "./desk";
import type { DeskMessage } from "./deskWire";

/** One end of a connection that the test holds. */
class Wire implements Socket {
  onopen: Socket["onopen"] = null;
  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;
  closed = false;
  readonly sent: DeskMessage[] = [];

  send(data: string): void {
    this.sent.push(JSON.parse(data) as DeskMessage);
  }

  close(): void {
    this.closed = true;
  }

  bring(message: object): void {
    (this.onmessage as ((event: { data: string }) => void) | null)?.({ data: JSON.stringify(message) });
  }

  lose(code = 1006): void {
    (this.onclose as ((event: { code: number }) => void) | null)?.({ code });
  }

  welcome(presence: object = { state: "away", voice: false, audio: false }, more: object = {}): void {
    (this.onopen as (() => void) | null)?.();
    const agent = { agent_id: "a_1", name: "Anna", role: "agent" };
    this.bring({ type: "welcome", agent, presence, now: 100, voice: true, ...more });
  }

  of(type: DeskMessage["type"]): DeskMessage[] {
    return this.sent.filter((message) => message.type === type);
  }
}

function told() {
  return {
    state: vi.fn<DeskListener["state"]>(),
    frame: vi.fn<DeskListener["frame"]>(),
    sent: vi.fn<DeskListener["sent"]>(),
    stored: vi.fn<DeskListener["stored"]>(),
    refused: vi.fn<DeskListener["refused"]>(),
    lost: vi.fn<DeskListener["lost"]>(),
    doubt: vi.fn<DeskListener["doubt"]>(),
  };
}

let wires: Wire[];
let count: number;

function begin() {
  const listener = told();
  const open = () => {
    const wire = new Wire();
    wires.push(wire);
    return wire;
  };
  const desk = new Desk({ open, newId: () => `i${++count}`, random: () => 0.5 }, listener);
  desk.start();
  return { desk, listener };
}

const wire = () => wires.at(-1) ?? new Wire();
const contact = (session: string, change: object = {}) => ({
  type: "contact",
  session,
  channel: "chat",
  state: "human_active",
  floor: "human",
  since: 1,
  mine: true,
  ...change,
});
const turn = (session: string, seq: number) => ({
  type: "event",
  session,
  event: { seq, at: 1, type: "turn.customer", turn_id: `c${seq}`, channel: "chat", pii: { text: "Hi" } },
});

/** The longest wait between two attempts, and some. */
const LONG_MS = 16_000;

function comeBack(presence?: object): void {
  wire().lose();
  vi.advanceTimersByTime(LONG_MS);
  wire().welcome(presence);
}

function comeBackAmid(consults: string[]): void {
  wire().lose();
  vi.advanceTimersByTime(LONG_MS);
  wire().welcome(undefined, { consults });
}

beforeEach(() => {
  vi.useFakeTimers();
  wires = [];
  count = 0;
});

afterEach(() => {
  vi.useRealTimers();
});

describe("an action", () => {
  it("is over when the gateway says done", async () => {
    const { desk } = begin();
    wire().welcome();
    const { id, done } = desk.act({ type: "hold", session: "s_1", on: true });
    expect(wire().of("hold")).toEqual([{ type: "hold", session: "s_1", on: true, id }]);
    wire().bring({ type: "done", id });
    await expect(done).resolves.toBeUndefined();
  });

  it("fails with the gateway's words", async () => {
    const { desk } = begin();
    wire().welcome();
    const { id, done } = desk.act({ type: "accept", lease: "l_1" });
    wire().bring({ type: "error", id, code: "too_late", fault: "client", message: "Bert took it." });
    await expect(done).rejects.toEqual(new ActionFailed("too_late", "Bert took it."));
  });

  it("that was not answered before the connection was lost is sent again with its id, once", () => {
    const { desk } = begin();
    wire().welcome();
    const { id } = desk.act({ type: "hand_back", session: "s_1", note: "All agreed." });
    comeBack();
    expect(wire().of("hand_back")).toEqual([{ type: "hand_back", session: "s_1", note: "All agreed.", id }]);
    wire().bring({ type: "done", id });
    comeBack();
    expect(wire().of("hand_back")).toEqual([]);
  });

  it("that is done while there is no connection is sent when there is one", () => {
    const { desk } = begin();
    wire().welcome();
    wire().lose();
    desk.act({ type: "note", session: "s_1", text: "Calls back." });
    vi.advanceTimersByTime(LONG_MS);
    wire().welcome();
    expect(wire().of("note")).toHaveLength(1);
  });

  it.each(["press", "ask", "run_tool", "supervise"] as const)(
    "that belongs to a moment is never repeated: %s",
    async (type) => {
      const action = {
        press: { type: "press", session: "s_1", digits: "1" },
        ask: { type: "ask", session: "s_1", text: "How long?" },
        run_tool: { type: "run_tool", session: "s_1", tool: "refund", arguments: {}, confirmed: true },
        supervise: { type: "supervise", session: "s_1", mode: "whisper" },
      } as const;
      const { desk } = begin();
      wire().welcome();
      const { done } = desk.act(action[type]);
      const failed = expect(done).rejects.toMatchObject({ code: "connection_lost" });
      comeBack();
      expect(wire().of(type)).toEqual([]);
      await failed;
      wire().lose();
      await expect(desk.act(action[type]).done).rejects.toMatchObject({ code: "connection_lost" });
    },
  );

  it("that nobody answers fails after a while", async () => {
    const { desk } = begin();
    wire().welcome();
    const { done } = desk.act({ type: "end", session: "s_1" });
    const failed = expect(done).rejects.toMatchObject({ code: "no_answer" });
    for (let pings = 0; pings < 4; pings++) {
      vi.advanceTimersByTime(9_000);
      wire().bring({ type: "pong" });
    }
    await failed;
  });

  it("fails when the agent signs out", async () => {
    const { desk } = begin();
    wire().welcome();
    const { done } = desk.act({ type: "end", session: "s_1" });
    desk.stop();
    await expect(done).rejects.toMatchObject({ code: "signed_out" });
    expect(wire().closed).toBe(true);
  });
});

describe("a message to the customer", () => {
  it("is told as sent, then as stored", async () => {
    const { desk, listener } = begin();
    wire().welcome();
    desk.say("s_1", "Hello");
    expect(listener.sent).toHaveBeenCalledWith("s_1", "i1", "Hello");
    wire().bring({ type: "done", id: "i1" });
    await vi.waitFor(() => expect(listener.stored).toHaveBeenCalledWith("s_1", "i1"));
  });

  it("that is refused says why", async () => {
    const { desk, listener } = begin();
    wire().welcome();
    desk.say("s_1", "Hello");
    wire().bring({ type: "error", id: "i1", code: "no_floor", fault: "client", message: "The bot talks." });
    await vi.waitFor(() => expect(listener.refused).toHaveBeenCalledWith("s_1", "i1", "The bot talks."));
  });

  it("survives lost connections in order, with the same ids", () => {
    const { desk } = begin();
    wire().welcome();
    desk.say("s_1", "one");
    wire().lose();
    desk.say("s_2", "two");
    vi.advanceTimersByTime(LONG_MS);
    wire().welcome();
    expect(wire().of("message")).toEqual([
      { type: "message", session: "s_1", text: "one", id: "i1" },
      { type: "message", session: "s_2", text: "two", id: "i2" },
    ]);
  });
});

describe("a contact of one's own", () => {
  it("is watched from its beginning, and after a lost connection from the newest event", () => {
    begin();
    wire().welcome();
    wire().bring(contact("s_1"));
    expect(wire().of("watch")).toMatchObject([{ session: "s_1", after: 0 }]);
    wire().bring(contact("s_1", { state: "wrap_up" }));
    expect(wire().of("watch")).toHaveLength(1);
    [1, 2, 3].forEach((seq) => wire().bring(turn("s_1", seq)));
    comeBack();
    expect(wire().of("watch")).toMatchObject([{ session: "s_1", after: 3 }]);
  });

  it("shows an event once, passing ones always, and none of a session that is not watched", () => {
    const { listener } = begin();
    wire().welcome();
    wire().bring(contact("s_1"));
    listener.frame.mockClear();
    [1, 1, 2, 1, 0, 0].forEach((seq) => wire().bring(turn("s_1", seq)));
    wire().bring(turn("s_other", 1));
    expect(listener.frame).toHaveBeenCalledTimes(4);
  });

  it("keeps the place of an event that this page does not know", () => {
    begin();
    wire().welcome();
    wire().bring(contact("s_1"));
    wire().bring({ type: "event", session: "s_1", event: { seq: 7, at: 1, type: "weather.changed" } });
    comeBack();
    expect(wire().of("watch")).toMatchObject([{ after: 7 }]);
  });

  it("that is closed is watched no more", () => {
    begin();
    wire().welcome();
    wire().bring(contact("s_1"));
    wire().bring(contact("s_1", { state: "closed" }));
    comeBack();
    expect(wire().of("watch")).toEqual([]);
  });

  it("that went to somebody else meanwhile is told as lost", () => {
    const { listener } = begin();
    wire().welcome();
    wire().bring(contact("s_1"));
    comeBack();
    const [watch] = wire().of("watch") as { id: string }[];
    wire().bring({ type: "error", id: watch?.id, code: "not_yours", fault: "client", message: "…" });
    expect(listener.lost).toHaveBeenCalledWith("s_1");
    comeBack();
    expect(wire().of("watch")).toEqual([]);
  });

  it("that ended while the connection was away is watched no more", () => {
    begin();
    wire().welcome();
    wire().bring(contact("s_1", { handoff_id: "h_1" }));
    wire().bring(contact("s_2", { handoff_id: "h_2" }));
    wire().lose();
    vi.advanceTimersByTime(LONG_MS);
    wire().welcome(undefined, { offers: [], contacts: ["h_2"] });
    expect(wire().of("watch")).toMatchObject([{ session: "s_2" }]);
  });

  it("that was read too slowly is watched again from where it was", () => {
    const { listener } = begin();
    wire().welcome();
    wire().bring(contact("s_1"));
    wire().bring(turn("s_1", 4));
    listener.frame.mockClear();
    wire().bring({
      type: "error",
      code: "fell_behind",
      session: "s_1",
      fault: "client",
      message: "…",
      retry: true,
    });
    vi.advanceTimersByTime(1_000);
    expect(wire().of("watch").at(-1)).toMatchObject({ session: "s_1", after: 4 });
    expect(listener.frame).not.toHaveBeenCalled();
  });
});

describe("a colleague who asks", () => {
  const consult = (change: object = {}) => ({
    type: "consult",
    consult: "c_1",
    session: "s_1",
    state: "talking",
    agent_id: "a_2",
    agent: "Alex",
    colleague_id: "a_1",
    colleague: "Anna",
    since: 1,
    mine: false,
    ...change,
  });

  it("has their session followed from the yes until it is over", () => {
    begin();
    wire().welcome();
    wire().bring(consult({ state: "asked" }));
    expect(wire().of("watch")).toEqual([]);
    wire().bring(consult());
    wire().bring(turn("s_1", 3));
    comeBackAmid(["c_1"]);
    expect(wire().of("watch")).toMatchObject([{ session: "s_1", after: 3 }]);
    wire().bring(consult({ state: "over", why: "back" }));
    expect(wire().of("unwatch")).toEqual([{ type: "unwatch", session: "s_1" }]);
    comeBackAmid([]);
    expect(wire().of("watch")).toEqual([]);
  });

  it("whose question ended while we were away is not followed any more", () => {
    begin();
    wire().welcome();
    wire().bring(consult());
    comeBackAmid([]);
    expect(wire().of("watch")).toEqual([]);
  });

  it("who hands the customer over has the session watched on, anew for what only its agent is told", () => {
    begin();
    wire().welcome();
    wire().bring(consult());
    wire().bring(turn("s_1", 3));
    wire().bring(contact("s_1", { channel: "voice" }));
    wire().bring(consult({ state: "over", why: "handed_over" }));
    expect(wire().of("watch")).toMatchObject([{ after: 0 }, { session: "s_1", after: 3 }]);
    expect(wire().of("unwatch")).toEqual([]);
  });

  it("is not asked again after a lost connection, but the way back to the customer is", () => {
    const { desk } = begin();
    wire().welcome();
    wire().lose();
    const asking = desk.act({ type: "consult", session: "s_1", agent: "a_2" });
    const lost = expect(asking.done).rejects.toMatchObject({ code: "connection_lost" });
    desk.act({ type: "consult_end", session: "s_1", how: "back" });
    vi.advanceTimersByTime(LONG_MS);
    wire().welcome();
    expect(wire().of("consult")).toEqual([]);
    expect(wire().of("consult_end")).toHaveLength(1);
    return lost;
  });
});

describe("presence", () => {
  const available = { state: "available", voice: true, audio: false };

  it("is as the gateway says until the agent says otherwise", () => {
    const { listener } = begin();
    wire().welcome(available);
    expect(listener.frame).toHaveBeenCalledWith(
      expect.objectContaining({ presence: { ...available, reason: null } }),
    );
    expect(wire().of("presence")).toEqual([]);
  });

  it("is told again after a restart that forgot it", () => {
    const { desk, listener } = begin();
    wire().welcome();
    const { id } = desk.act({ type: "presence", state: "available", voice: true });
    wire().bring({ type: "done", id });
    comeBack();
    expect(wire().of("presence")).toMatchObject([{ state: "available", voice: true }]);
    expect(listener.frame).toHaveBeenLastCalledWith(
      expect.objectContaining({ presence: expect.objectContaining({ state: "available" }) as object }),
    );
  });

  it("stays away when an offer was missed while the connection was gone", () => {
    const { desk } = begin();
    wire().welcome();
    const { id } = desk.act({ type: "presence", state: "available", voice: false });
    wire().bring({ type: "done", id });
    comeBack({ state: "away", voice: false, audio: false, reason: "missed" });
    expect(wire().of("presence")).toEqual([]);
  });

  it("is only the newest wish", async () => {
    const { desk } = begin();
    wire().welcome();
    wire().lose();
    const first = desk.act({ type: "presence", state: "available", voice: false });
    const replaced = expect(first.done).rejects.toMatchObject({ code: "replaced" });
    desk.act({ type: "presence", state: "away", voice: false });
    await replaced;
    vi.advanceTimersByTime(LONG_MS);
    wire().welcome();
    expect(
      wire()
        .of("presence")
        .map((sent) => sent.type === "presence" && sent.state),
    ).toEqual(["away"]);
  });
});

describe("typing", () => {
  it("is told once, ends by itself, and at once when the agent turns to another customer", () => {
    const { desk } = begin();
    wire().welcome();
    desk.typing("s_1");
    desk.typing("s_1");
    expect(wire().of("typing")).toEqual([{ type: "typing", session: "s_1", on: true }]);
    desk.typing("s_2");
    vi.advanceTimersByTime(3_000);
    expect(wire().of("typing").slice(1)).toEqual([
      { type: "typing", session: "s_1", on: false },
      { type: "typing", session: "s_2", on: true },
      { type: "typing", session: "s_2", on: false },
    ]);
  });

  it("ends when the message is sent", () => {
    const { desk } = begin();
    wire().welcome();
    desk.typing("s_1");
    desk.say("s_1", "Hello");
    expect(wire().sent.slice(-2)).toMatchObject([{ type: "typing", on: false }, { type: "message" }]);
  });
});

describe("the sign-in", () => {
  it("is doubted when a handshake is refused, and the desk goes on trying", () => {
    const { listener } = begin();
    wire().lose();
    expect(listener.doubt).toHaveBeenCalledOnce();
    expect(listener.state).toHaveBeenLastCalledWith("waiting");
  });

  it("is over when the gateway says so", () => {
    const { listener } = begin();
    wire().welcome();
    wire().lose(4401);
    expect(listener.doubt).toHaveBeenCalledOnce();
    expect(listener.state).toHaveBeenLastCalledWith("closed");
    vi.advanceTimersByTime(LONG_MS);
    expect(wires).toHaveLength(1);
  });

  it("is not doubted for a connection that was fine", () => {
    const { listener } = begin();
    wire().welcome();
    wire().lose(1012);
    expect(listener.doubt).not.toHaveBeenCalled();
  });
});

describe("nonsense", () => {
  it.each(["}{", '{"type": "contact"}', '{"type": "offer", "lease": 7}', '{"type": "done"}'])(
    "disturbs nothing: %s",
    (text) => {
      const complaint = vi.spyOn(console, "warn").mockImplementation(() => undefined);
      const { listener } = begin();
      wire().welcome();
      listener.frame.mockClear();
      (wire().onmessage as ((event: { data: string }) => void) | null)?.({ data: text });
      expect(complaint).toHaveBeenCalledOnce();
      expect(listener.frame).not.toHaveBeenCalled();
      complaint.mockRestore();
    },
  );

  it("of a newer gateway is left out in silence", () => {
    const { listener } = begin();
    wire().welcome();
    listener.frame.mockClear();
    wire().bring({ type: "weather", temperature: 7 });
    expect(listener.frame).not.toHaveBeenCalled();
  });
});
