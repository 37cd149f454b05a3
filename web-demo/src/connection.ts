/**
 * A websocket that comes back by itself: exponential waits with jitter, a ping now and then, and no trust in
 * a close handshake that a dead network never ends. What is said over it is its owner's; see chat.ts,
 * desk/desk.ts.
 */
import { type Backoff, delayMs } from "./backoff";

/** `connecting` until `welcomed`, `open` from then on, `waiting` between two attempts, `closed` for good. */
export type ConnectionState = "connecting" | "open" | "waiting" | "closed";

/** The part of `WebSocket` that is used. */
export type Socket = Pick<WebSocket, "send" | "close" | "onopen" | "onmessage" | "onclose">;

export interface ConnectionSettings {
  open: () => Socket;
  /** In [0, 1). */
  random: () => number;
}

/** What a connection tells its owner. */
export interface ConnectionOwner {
  state(state: ConnectionState): void;
  /** The socket is open; what is said first is said now. */
  opened(): void;
  received(text: string): void;
  /** Send a ping; its pong is to be told with `ponged`. */
  ping(): void;
  /** The socket is gone: timers that belong to it are to end. */
  dropped(): void;
  /** The far end closed it. Whether to come back. */
  worthComingBack(code: number): boolean;
}

const RETRY: Backoff = { firstMs: 500, maxMs: 15_000 };
/** A connection that lived this long was a good one: the next loss begins with the shortest wait again. */
const STABLE_MS = 5_000;
const PING_EVERY_MS = 20_000;
const PONG_WITHIN_MS = 10_000;
const ABNORMAL_CLOSURE = 1006;

export class Connection {
  private socket: Socket | null = null;
  private current: ConnectionState = "closed";
  private attempts = 0;
  private readonly timers = new Map<"retry" | "stable" | "ping" | "pong", ReturnType<typeof setTimeout>>();

  constructor(
    private readonly settings: ConnectionSettings,
    private readonly owner: ConnectionOwner,
  ) {}

  get isOpen(): boolean {
    return this.current === "open";
  }

  /** Connects, anew if there is a connection, and stays connected until `stop`. */
  connect(): void {
    this.drop();
    this.enter("connecting");
    const socket = this.settings.open();
    this.socket = socket;
    socket.onopen = () => this.owner.opened();
    socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (typeof data === "string") this.owner.received(data);
    };
    socket.onclose = (event?: CloseEvent) => {
      if (this.owner.worthComingBack(event?.code ?? ABNORMAL_CLOSURE)) this.lost();
      else this.stop();
    };
    // A handshake that hangs must not hang the page.
    this.after("pong", PONG_WITHIN_MS, () => this.lost());
  }

  stop(): void {
    this.drop();
    this.enter("closed");
  }

  /** Something changed for the better (the network is back, the page is looked at): try at once. */
  retryNow(): void {
    if (this.current === "waiting") this.connect();
    else if (this.current === "open") this.ping();
  }

  /** The far end greeted us: from now on the connection is open. */
  welcomed(): void {
    this.cancel("pong");
    this.enter("open");
    this.after("stable", STABLE_MS, () => (this.attempts = 0));
    this.keepAlive();
  }

  ponged(): void {
    this.cancel("pong");
  }

  /** Gives this socket up and comes back after a wait. */
  lost(): void {
    this.drop();
    this.enter("waiting");
    this.after("retry", delayMs(RETRY, this.attempts, this.settings.random()), () => this.connect());
    this.attempts += 1;
  }

  send(message: object): void {
    this.socket?.send(JSON.stringify(message));
  }

  private keepAlive(): void {
    this.after("ping", PING_EVERY_MS, () => {
      this.ping();
      this.keepAlive();
    });
  }

  private ping(): void {
    this.owner.ping();
    this.after("pong", PONG_WITHIN_MS, () => this.lost());
  }

  private drop(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
    this.owner.dropped();
    if (this.socket === null) return;
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
    this.socket = null;
  }

  private enter(state: ConnectionState): void {
    if (state === this.current) return;
    this.current = state;
    this.owner.state(state);
  }

  private after(name: Parameters<typeof this.timers.get>[0], ms: number, act: () => void): void {
    this.cancel(name);
    this.timers.set(name, setTimeout(act, ms));
  }

  private cancel(name: Parameters<typeof this.timers.get>[0]): void {
    clearTimeout(this.timers.get(name));
    this.timers.delete(name);
  }
}
