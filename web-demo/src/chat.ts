/**
 * The chat websocket that carries every event of the session, talked or typed. It comes back by itself:
 * hello with the session, its token and the newest event seen; repeated events are dropped here; messages
 * without an `ack` are sent again with the same id, also after a reload (see memory.ts). Relies on wire.ts.
 */
import { Connection, type ConnectionSettings, type ConnectionState } from "./connection";
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

/** `closed` for good: `stop` was called, or this page and the gateway speak different protocols. */
export type ChatState = ConnectionState;

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

export interface ChatSettings extends ConnectionSettings {
  shelf: Shelf;
  newId: () => string;
}

/** The gateway allows 20 messages in 10 s. */
const RESEND_AFTER_MS = 3_000;
const TYPING_LASTS_MS = 3_000;

export class Chat {
  private readonly settings: ChatSettings;
  private readonly listener: ChatListener;
  private readonly connection: Connection;
  private memory: Memory;
  /** 0 after a reload: the page has nothing to show yet, so the whole session is wanted again. */
  private lastSeq = 0;
  private typingUntil: ReturnType<typeof setTimeout> | undefined;
  private resending: ReturnType<typeof setTimeout> | undefined;

  constructor(settings: ChatSettings, listener: ChatListener) {
    this.settings = settings;
    this.listener = listener;
    this.memory = recall(settings.shelf);
    this.connection = new Connection(settings, {
      state: (state) => listener.state(state),
      opened: () => this.transmit(this.hello()),
      received: (text) => this.receive(text),
      ping: () => this.transmit({ type: "ping", id: settings.newId() }),
      dropped: () => this.dropped(),
      worthComingBack: () => true,
    });
  }

  /** Connects, and stays connected until `stop`. */
  start(): void {
    for (const { id, text } of this.memory.outbox) this.listener.sent(id, text);
    this.connection.connect();
  }

  stop(): void {
    this.connection.stop();
  }

  /** Leaves the session behind and begins a new one; messages under way are dropped. */
  startOver(): void {
    for (const { id } of this.memory.outbox) this.listener.discarded(id);
    this.keep(FRESH);
    this.lastSeq = 0;
    this.connection.connect();
  }

  /** Something changed for the better (the network is back, the page is looked at): try at once. */
  retryNow(): void {
    this.connection.retryNow();
  }

  /** Sends a message now or as soon as there is a connection; returns its id. */
  send(text: string): string {
    const id = this.settings.newId();
    this.stopTyping();
    this.keep({ ...this.memory, outbox: [...this.memory.outbox, { id, text }] });
    this.listener.sent(id, text);
    if (this.connection.isOpen) this.transmit({ type: "message", id, text });
    return id;
  }

  /** The customer typed something just now. */
  typing(): void {
    if (!this.connection.isOpen) return;
    if (this.typingUntil === undefined) this.transmit({ type: "typing", on: true });
    else clearTimeout(this.typingUntil);
    this.typingUntil = setTimeout(() => this.stopTyping(), TYPING_LASTS_MS);
  }

  /** Stops the reply under way. */
  cancel(): void {
    if (this.connection.isOpen) this.transmit({ type: "cancel" });
  }

  private hello(): ClientMessage {
    const { credentials } = this.memory;
    if (credentials === null) return { type: "hello", protocol: PROTOCOL };
    return { type: "hello", protocol: PROTOCOL, ...credentials, last_seq: this.lastSeq };
  }

  private dropped(): void {
    clearTimeout(this.resending);
    clearTimeout(this.typingUntil);
    this.typingUntil = undefined;
  }

  // --- what comes in -----------------------------------------------------------------------------------

  private receive(text: string): void {
    try {
      const message = parseGatewayMessage(text);
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
        return this.connection.ponged();
      case "error":
        return this.receiveError(frame);
    }
  }

  private welcomed(credentials: Credentials): void {
    if (this.memory.credentials?.session !== credentials.session) this.lastSeq = 0;
    this.keep({ ...this.memory, credentials });
    this.connection.welcomed();
    this.listener.session(credentials);
    this.resend();
  }

  private receiveError(error: ErrorFrame): void {
    if (error.code === "protocol_unsupported") {
      this.stop();
      return this.listener.failed(error);
    }
    if (error.code === "unknown_session" || error.code === "bad_token") {
      this.keep({ ...this.memory, credentials: null });
      this.listener.failed(error);
      return this.connection.lost();
    }
    if (error.id === null) return this.listener.failed(error);
    if (error.retry) {
      clearTimeout(this.resending);
      this.resending = setTimeout(() => this.resend(), RESEND_AFTER_MS);
      return;
    }
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
    this.connection.send(message);
  }

  private keep(memory: Memory): void {
    this.memory = memory;
    remember(this.settings.shelf, memory);
  }
}
