/**
 * The chat websocket that carries every event of the session, talked or typed. It comes back by itself:
 * hello with the session, its token and the newest event seen; repeated events are dropped here; messages
 * without an `ack` are sent again with the same id, also after a reload (see memory.ts). Relies on wire.ts.
 */
import { type Backoff, delayMs } from "./backoff";
import { type Credentials, FRESH, type Memory, type Shelf, recall, remember } from "./memory";
import { ShapeError } from "./shape";
import {
  type ClientMessage,
  type ErrorFrame,
  type Frame,
  PROTOCOL,
  type SessionEvent,
  parseGatewayMessage,
} from "./wire";

/**
 * `connecting` until the gateway's welcome, `open` from then on, `waiting` between two attempts, `closed`
 * for good: `stop` was called, or this page and the gateway speak different protocols.
 */
export type ChatState = "connecting" | "open" | "waiting" | "closed";

/** What a chat tells its owner. */
export interface ChatListener {
  state(state: ChatState): void;
  /** The session that events belong to from now on; called on each welcome. */
  session(credentials: Credentials): void;
  event(event: SessionEvent): void;
  /** A message was taken over for delivery (at once, or when the connection is back). */
  sent(id: string, text: string): void;
  /** The gateway stored the message. */
  stored(id: string): void;
  /** The gateway will not take the message; it is not sent again. */
  refused(id: string, error: ErrorFrame): void;
  /** The message was given up with its session. */
  discarded(id: string): void;
  /** An error that belongs to no message. */
  failed(error: ErrorFrame): void;
}

/** The part of `WebSocket` that is used. */
export type Socket = Pick<WebSocket, "send" | "close" | "onopen" | "onmessage" | "onclose">;

export interface ChatSettings {
  open: () => Socket;
  shelf: Shelf;
  newId: () => string;
  /** In [0, 1). */
  random: () => number;
}

const RETRY: Backoff = { firstMs: 500, maxMs: 15_000 };
/** A connection that lived this long was a good one: the next loss begins with the shortest wait again. */
const STABLE_MS = 5_000;
const PING_EVERY_MS = 20_000;
const PONG_WITHIN_MS = 10_000;
/** The gateway allows 20 messages in 10 s. */
const RESEND_AFTER_MS = 3_000;
const TYPING_LASTS_MS = 3_000;

export class Chat {
  private readonly settings: ChatSettings;
  private readonly listener: ChatListener;
  private memory: Memory;
  /** 0 after a reload: the page has nothing to show yet, so the whole session is wanted again. */
  private lastSeq = 0;
  private socket: Socket | null = null;
  private current: ChatState = "closed";
  private attempts = 0;
  private typingUntil: ReturnType<typeof setTimeout> | undefined;
  private readonly timers = new Map<
    "retry" | "stable" | "ping" | "pong" | "resend",
    ReturnType<typeof setTimeout>
  >();

  constructor(settings: ChatSettings, listener: ChatListener) {
    this.settings = settings;
    this.listener = listener;
    this.memory = recall(settings.shelf);
  }

  /** Connects, and stays connected until `stop`. */
  start(): void {
    for (const { id, text } of this.memory.outbox) this.listener.sent(id, text);
    this.connect();
  }

  stop(): void {
    this.drop();
    this.enter("closed");
  }

  /** Leaves the session behind and begins a new one; messages under way are dropped. */
  startOver(): void {
    for (const { id } of this.memory.outbox) this.listener.discarded(id);
    this.keep(FRESH);
    this.lastSeq = 0;
    this.connect();
  }

  /** Something changed for the better (the network is back, the page is looked at): try at once. */
  retryNow(): void {
    if (this.current === "waiting") this.connect();
    else if (this.current === "open") this.ping();
  }

  /** Sends a message now or as soon as there is a connection; returns its id. */
  send(text: string): string {
    const id = this.settings.newId();
    this.stopTyping();
    this.keep({ ...this.memory, outbox: [...this.memory.outbox, { id, text }] });
    this.listener.sent(id, text);
    if (this.current === "open") this.transmit({ type: "message", id, text });
    return id;
  }

  /** The customer typed something just now. */
  typing(): void {
    if (this.current !== "open") return;
    if (this.typingUntil === undefined) this.transmit({ type: "typing", on: true });
    else clearTimeout(this.typingUntil);
    this.typingUntil = setTimeout(() => this.stopTyping(), TYPING_LASTS_MS);
  }

  /** Stops the reply under way. */
  cancel(): void {
    if (this.current === "open") this.transmit({ type: "cancel" });
  }

  // --- the connection ----------------------------------------------------------------------------------

  private connect(): void {
    this.drop();
    this.enter("connecting");
    const socket = this.settings.open();
    this.socket = socket;
    socket.onopen = () => this.transmit(this.hello());
    socket.onmessage = (message: MessageEvent<unknown>) => this.receive(message.data);
    socket.onclose = () => this.lost();
    // A handshake that hangs must not hang the page.
    this.after("pong", PONG_WITHIN_MS, () => this.lost());
  }

  private hello(): ClientMessage {
    const { credentials } = this.memory;
    if (credentials === null) return { type: "hello", protocol: PROTOCOL };
    return { type: "hello", protocol: PROTOCOL, ...credentials, last_seq: this.lastSeq };
  }

  private lost(): void {
    this.drop();
    this.enter("waiting");
    this.after("retry", delayMs(RETRY, this.attempts, this.settings.random()), () => this.connect());
    this.attempts += 1;
  }

  /** Lets go of the socket without waiting for its close handshake, which a dead network never ends. */
  private drop(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
    clearTimeout(this.typingUntil);
    this.typingUntil = undefined;
    if (this.socket === null) return;
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
    this.socket = null;
  }

  private ping(): void {
    this.transmit({ type: "ping", id: this.settings.newId() });
    this.after("pong", PONG_WITHIN_MS, () => this.lost());
  }

  // --- what comes in -----------------------------------------------------------------------------------

  private receive(data: unknown): void {
    if (typeof data !== "string") return;
    try {
      const message = parseGatewayMessage(data);
      if (message.kind === "frame") this.receiveFrame(message.frame);
      else if (message.kind === "event") this.receiveEvent(message.event);
      else this.isNew(message.seq);
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      console.warn("warmline: a message that is not in the wire's shape was left out:", error.message);
    }
  }

  private receiveEvent(event: SessionEvent): void {
    if (this.isNew(event.seq)) this.listener.event(event);
  }

  private isNew(seq: number): boolean {
    if (seq === 0) return true;
    if (seq <= this.lastSeq) return false;
    this.lastSeq = seq;
    return true;
  }

  private receiveFrame(frame: Frame): void {
    switch (frame.type) {
      case "welcome":
        return this.welcomed({ session: frame.session, token: frame.token });
      case "ack":
        this.settle(frame.id);
        return this.listener.stored(frame.id);
      case "pong":
        return this.cancelTimer("pong");
      case "error":
        return this.receiveError(frame);
    }
  }

  private welcomed(credentials: Credentials): void {
    if (this.memory.credentials?.session !== credentials.session) this.lastSeq = 0;
    this.keep({ ...this.memory, credentials });
    this.cancelTimer("pong");
    this.enter("open");
    this.listener.session(credentials);
    this.after("stable", STABLE_MS, () => (this.attempts = 0));
    this.keepAlive();
    this.resend();
  }

  private keepAlive(): void {
    this.after("ping", PING_EVERY_MS, () => {
      this.ping();
      this.keepAlive();
    });
  }

  private receiveError(error: ErrorFrame): void {
    if (error.code === "protocol_unsupported") {
      this.stop();
      return this.listener.failed(error);
    }
    if (error.code === "unknown_session" || error.code === "bad_token") {
      this.keep({ ...this.memory, credentials: null });
      this.listener.failed(error);
      return this.lost();
    }
    if (error.id === null) return this.listener.failed(error);
    if (error.retry) return this.after("resend", RESEND_AFTER_MS, () => this.resend());
    this.settle(error.id);
    this.listener.refused(error.id, error);
  }

  // --- what goes out -----------------------------------------------------------------------------------

  private resend(): void {
    for (const { id, text } of this.memory.outbox) this.transmit({ type: "message", id, text });
  }

  private settle(id: string): void {
    this.keep({ ...this.memory, outbox: this.memory.outbox.filter((message) => message.id !== id) });
  }

  private stopTyping(): void {
    if (this.typingUntil === undefined) return;
    clearTimeout(this.typingUntil);
    this.typingUntil = undefined;
    this.transmit({ type: "typing", on: false });
  }

  private transmit(message: ClientMessage): void {
    this.socket?.send(JSON.stringify(message));
  }

  private keep(memory: Memory): void {
    this.memory = memory;
    remember(this.settings.shelf, memory);
  }

  private enter(state: ChatState): void {
    if (state === this.current) return;
    this.current = state;
    this.listener.state(state);
  }

  private after(name: Parameters<typeof this.timers.get>[0], ms: number, act: () => void): void {
    this.cancelTimer(name);
    this.timers.set(name, setTimeout(act, ms));
  }

  private cancelTimer(name: Parameters<typeof this.timers.get>[0]): void {
    clearTimeout(this.timers.get(name));
    this.timers.delete(name);
  }
}
