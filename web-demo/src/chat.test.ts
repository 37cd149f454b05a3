import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Chat, type ChatListener } from "./chat";
import type { Socket } from "./connection";
import type { Shelf } from "./memory";
import type { ClientMessage } from "./wire";

/** One end of a connection that the test holds. */
class Wire implements Socket {
  onopen: Socket["onopen"] = null;
  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;
  closed = false;
  readonly sent: ClientMessage[] = [];

  send(data: string): void {
    this.sent.push(JSON.parse(data) as ClientMessage);
  }

  close(): void {
    this.closed = true;
  }

  open(): void {
    (this.onopen as (() => void) | null)?.();
  }

  bring(message: object): void {
    (this.onmessage as ((event: { data: string }) => void) | null)?.({ data: JSON.stringify(message) });
  }

  lose(): void {
    (this.onclose as (() => void) | null)?.();
  }

  welcome(session = "s_1", seq = 0): void {
    this.open();
    this.bring({ type: "welcome", protocol: 1, session, token: `t_${session}`, seq, resumed: false });
  }

  ids(): string[] {
    return this.sent.flatMap((message) => (message.type === "message" ? [message.id] : []));
  }
}

class Drawer implements Shelf {
  private readonly kept = new Map<string, string>();
  getItem = (key: string) => this.kept.get(key) ?? null;
  setItem = (key: string, value: string) => void this.kept.set(key, value);
}

function told() {
  return {
    state: vi.fn<ChatListener["state"]>(),
    session: vi.fn<ChatListener["session"]>(),
    event: vi.fn<ChatListener["event"]>(),
    sent: vi.fn<ChatListener["sent"]>(),
    stored: vi.fn<ChatListener["stored"]>(),
    refused: vi.fn<ChatListener["refused"]>(),
    discarded: vi.fn<ChatListener["discarded"]>(),
    failed: vi.fn<ChatListener["failed"]>(),
  };
}

let wires: Wire[];
let count: number;

function begin(shelf: Shelf = new Drawer()) {
  const listener = told();
  const open = () => {
    const wire = new Wire();
    wires.push(wire);
    return wire;
  };
  const chat = new Chat({ open, shelf, newId: () => `m${++count}`, random: () => 0.5 }, listener);
  chat.start();
  return { chat, listener };
}

const wire = () => wires.at(-1) ?? new Wire();
const heard = (seq: number) => ({ seq, at: 1, type: "speech.started" });
const errorFrame = (code: string, change: object = {}) => ({
  type: "error",
  code,
  fault: "client",
  message: "…",
  retry: false,
  ...change,
});

/** The longest wait between two attempts, and some. */
const LONG_MS = 16_000;

beforeEach(() => {
  vi.useFakeTimers();
  wires = [];
  count = 0;
});

afterEach(() => {
  vi.useRealTimers();
});

describe("hello", () => {
  it("begins a new session", () => {
    const { listener } = begin();
    wire().open();
    expect(wire().sent).toEqual([{ type: "hello", protocol: 1 }]);
    wire().welcome();
    expect(listener.session).toHaveBeenCalledWith({ session: "s_1", token: "t_s_1" });
    expect(listener.state.mock.calls.flat()).toEqual(["connecting", "open"]);
  });

  it("resumes after a lost connection with the newest event seen", () => {
    begin();
    wire().welcome();
    [1, 2, 3].forEach((seq) => wire().bring(heard(seq)));
    wire().lose();
    vi.advanceTimersByTime(LONG_MS);
    wire().open();
    expect(wire().sent[0]).toEqual({
      type: "hello",
      protocol: 1,
      session: "s_1",
      token: "t_s_1",
      last_seq: 3,
    });
  });

  it("asks for the whole session after a reload, as the page has nothing to show", () => {
    const shelf = new Drawer();
    begin(shelf).chat.stop();
    const { chat } = begin(shelf);
    wire().welcome();
    wire().bring(heard(1));
    chat.stop();
    begin(shelf);
    wire().open();
    expect(wire().sent[0]).toMatchObject({ session: "s_1", last_seq: 0 });
  });

  it.each(["unknown_session", "bad_token"])("begins anew when the old session is not taken: %s", (code) => {
    const { chat, listener } = begin();
    wire().welcome();
    wire().bring(heard(7));
    chat.send("Hello");
    wire().lose();
    vi.advanceTimersByTime(LONG_MS);
    wire().open();
    wire().bring(errorFrame(code));
    vi.advanceTimersByTime(LONG_MS);
    wire().welcome("s_2");
    expect(wire().sent[0]).toEqual({ type: "hello", protocol: 1 });
    expect(wire().ids()).toEqual(["m1"]);
    wire().bring(heard(1));
    expect(listener.event).toHaveBeenCalledTimes(2);
  });

  it("gives up for good when the protocols differ", () => {
    const { listener } = begin();
    wire().open();
    wire().bring(errorFrame("protocol_unsupported"));
    vi.advanceTimersByTime(LONG_MS);
    expect(wires).toHaveLength(1);
    expect(listener.state).toHaveBeenLastCalledWith("closed");
  });
});

describe("events", () => {
  it("come once, however often they are repeated; passing ones always", () => {
    const { listener } = begin();
    wire().welcome();
    [1, 2, 2, 1, 0, 0, 3].forEach((seq) => wire().bring(heard(seq)));
    expect(listener.event.mock.calls.map(([event]) => event.seq)).toEqual([1, 2, 0, 0, 3]);
  });

  it("of an unknown type count as seen", () => {
    begin();
    wire().welcome();
    wire().bring({ seq: 5, at: 1, type: "weather.changed" });
    wire().lose();
    vi.advanceTimersByTime(LONG_MS);
    wire().open();
    expect(wire().sent[0]).toMatchObject({ last_seq: 5 });
  });

  it("that are malformed are left out and disturb nothing", () => {
    const complaint = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const { listener } = begin();
    wire().welcome();
    wire().bring({ seq: 1, at: 1, type: "reply.delta", turn_id: "r1" });
    wire().bring(heard(2));
    expect(listener.event).toHaveBeenCalledTimes(1);
    expect(complaint).toHaveBeenCalledOnce();
    complaint.mockRestore();
  });
});

describe("a message", () => {
  it("is sent at once and settled by its ack", () => {
    const { chat, listener } = begin();
    wire().welcome();
    chat.send("Hello");
    expect(wire().sent.at(-1)).toEqual({ type: "message", id: "m1", text: "Hello" });
    wire().bring({ type: "ack", id: "m1", seq: 2, duplicate: false });
    expect(listener.stored).toHaveBeenCalledWith("m1");
    wire().lose();
    vi.advanceTimersByTime(LONG_MS);
    wire().welcome();
    expect(wire().ids()).toEqual([]);
  });

  it("without an ack is sent again with the same id after a reconnect, in order", () => {
    const { chat } = begin();
    wire().welcome();
    chat.send("One");
    wire().lose();
    chat.send("Two");
    vi.advanceTimersByTime(LONG_MS);
    expect(wire().ids()).toEqual([]);
    wire().welcome();
    expect(wire().ids()).toEqual(["m1", "m2"]);
  });

  it("without an ack is sent again after a reload", () => {
    const shelf = new Drawer();
    const { chat } = begin(shelf);
    wire().welcome();
    chat.send("One");
    chat.stop();
    const { listener } = begin(shelf);
    wire().welcome();
    expect(wire().sent.slice(1)).toEqual([{ type: "message", id: "m1", text: "One" }]);
    expect(listener.sent).toHaveBeenCalledWith("m1", "One");
  });

  it("that is refused is not sent again", () => {
    const { chat, listener } = begin();
    wire().welcome();
    chat.send("x");
    wire().bring(errorFrame("message_too_long", { id: "m1" }));
    expect(listener.refused).toHaveBeenCalledWith(
      "m1",
      expect.objectContaining({ code: "message_too_long" }),
    );
    wire().lose();
    vi.advanceTimersByTime(LONG_MS);
    wire().welcome();
    expect(wire().ids()).toEqual([]);
  });

  it("that came too fast is sent again after a pause", () => {
    const { chat, listener } = begin();
    wire().welcome();
    chat.send("x");
    wire().bring(errorFrame("too_fast", { id: "m1", retry: true }));
    expect(wire().ids()).toEqual(["m1"]);
    vi.advanceTimersByTime(3_000);
    expect(wire().ids()).toEqual(["m1", "m1"]);
    expect(listener.refused).not.toHaveBeenCalled();
  });

  it("is dropped with its session when somebody starts over", () => {
    const { chat, listener } = begin();
    wire().welcome();
    chat.send("x");
    chat.startOver();
    wire().welcome("s_2");
    expect(wire().sent).toEqual([{ type: "hello", protocol: 1 }]);
    expect(listener.discarded).toHaveBeenCalledWith("m1");
  });
});

describe("the connection", () => {
  it("is tried again with growing waits", () => {
    begin();
    const waits: number[] = [];
    for (let attempt = 0; attempt < 8; attempt++) {
      const before = Date.now();
      wire().lose();
      vi.advanceTimersToNextTimer();
      waits.push(Date.now() - before);
    }
    expect(waits).toEqual([375, 750, 1_500, 3_000, 6_000, 11_250, 11_250, 11_250]);
  });

  it("begins with the shortest wait again once it was stable", () => {
    begin();
    wire().lose();
    vi.advanceTimersByTime(400);
    wire().lose();
    vi.advanceTimersByTime(800);
    wire().welcome();
    vi.advanceTimersByTime(5_000);
    wire().lose();
    vi.advanceTimersByTime(375);
    expect(wires).toHaveLength(4);
  });

  it("is given up when a ping stays without an answer, and kept when it is answered", () => {
    const { listener } = begin();
    wire().welcome();
    vi.advanceTimersByTime(20_000);
    const ping = wire().sent.at(-1);
    expect(ping?.type).toBe("ping");
    wire().bring({ type: "pong", id: "m1" });
    vi.advanceTimersByTime(19_000);
    expect(listener.state).toHaveBeenLastCalledWith("open");
    vi.advanceTimersByTime(11_000);
    expect(listener.state).toHaveBeenLastCalledWith("waiting");
    expect(wires[0]?.closed).toBe(true);
  });

  it("is given up when the gateway never says welcome", () => {
    const { listener } = begin();
    wire().open();
    vi.advanceTimersByTime(10_000);
    expect(listener.state).toHaveBeenLastCalledWith("waiting");
  });

  it("is tried at once when the network is back", () => {
    const { chat } = begin();
    for (let attempt = 0; attempt < 6; attempt++) {
      wire().lose();
      if (attempt < 5) vi.advanceTimersByTime(LONG_MS);
    }
    const before = wires.length;
    chat.retryNow();
    expect(wires).toHaveLength(before + 1);
  });

  it("does not come back after a stop", () => {
    const { chat } = begin();
    wire().welcome();
    chat.stop();
    vi.advanceTimersByTime(60_000);
    expect(wires).toHaveLength(1);
  });
});

describe("typing", () => {
  it("is told once while it goes on, and its end after a pause", () => {
    const { chat } = begin();
    wire().welcome();
    chat.typing();
    vi.advanceTimersByTime(2_000);
    chat.typing();
    vi.advanceTimersByTime(2_000);
    expect(wire().sent.slice(1)).toEqual([{ type: "typing", on: true }]);
    vi.advanceTimersByTime(1_000);
    expect(wire().sent.at(-1)).toEqual({ type: "typing", on: false });
  });
});
