/**
 * The agent's connection to the gateway: everything that happens at their desk comes in here, and everything
 * they do goes out. It comes back by itself and loses nothing: sessions are watched again from the newest event
 * seen, what was not answered is sent again with the same id (the gateway does it once), and the wish to be
 * available is told again. Keys, questions, tools and listening-in are never repeated: they belong to a moment.
 */
import { Connection, type ConnectionSettings, type ConnectionState } from "../connection";
import { ShapeError } from "../shape";
import {
  type Action,
  type Command,
  type ContactFrame,
  type DeskFrame,
  type DeskMessage,
  type FrameOf,
  type Me,
  parseDeskFrame,
} from "./deskWire";

/** An action was not done, or nobody can tell whether it was (`connection_lost`, `no_answer`). */
export class ActionFailed extends Error {
  override readonly name = "ActionFailed";

  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** What a desk tells its owner. */
export interface DeskListener {
  state(state: ConnectionState): void;
  /** What the gateway sent, repeated events left out; answers to actions stay inside. */
  frame(frame: DeskFrame): void;
  /** A message to the customer is on its way. */
  sent(session: string, id: string, text: string): void;
  stored(session: string, id: string): void;
  refused(session: string, id: string, reason: string): void;
  /** The session is no longer ours to see. */
  lost(session: string): void;
  /** The sign-in may be over: find out. */
  doubt(): void;
}

export interface DeskSettings extends ConnectionSettings {
  newId: () => string;
}

const NOT_REPEATED = new Set<Action["type"]>(["press", "ask", "run_tool", "supervise", "watch"]);
const ANSWER_WITHIN_MS = 30_000;
const TYPING_LASTS_MS = 3_000;
const WATCH_AGAIN_AFTER_MS = 1_000;
const SIGNED_OUT = 4401;
const BROKEN_RULES = 1008;
/** Codes by which the gateway says that a session is not for us. */
const NOT_OURS = new Set(["not_yours", "unknown_session", "not_allowed"]);

interface Unanswered {
  command: Command;
  timer: ReturnType<typeof setTimeout> | undefined;
  done: () => void;
  failed: (error: ActionFailed) => void;
}

export class Desk {
  private readonly connection: Connection;
  private readonly unanswered = new Map<string, Unanswered>();
  /** Newest event seen of each watched session. */
  private readonly watched = new Map<string, number>();
  /** What the agent wants to be; null until the gateway said so first. */
  private wish: Pick<Me, "state" | "voice"> | null = null;
  private typingIn: { session: string; until: ReturnType<typeof setTimeout> } | null = null;
  private greeted = false;
  private readonly rewatching = new Set<ReturnType<typeof setTimeout>>();

  constructor(
    private readonly settings: DeskSettings,
    private readonly listener: DeskListener,
  ) {
    this.connection = new Connection(settings, {
      state: (state) => listener.state(state),
      opened: () => (this.greeted = false),
      received: (text) => this.receive(text),
      ping: () => this.transmit({ type: "ping", id: settings.newId() }),
      dropped: () => this.dropped(),
      worthComingBack: (code) => this.worthComingBack(code),
    });
  }

  start(): void {
    this.connection.connect();
  }

  /** Ends it for good; what was not answered fails. */
  stop(): void {
    this.connection.stop();
    this.fail("signed_out", () => true);
  }

  retryNow(): void {
    this.connection.retryNow();
  }

  /** Does something. `done` rejects with `ActionFailed`. */
  act(action: Action): { id: string; done: Promise<void> } {
    const id = this.settings.newId();
    if (action.type === "presence") {
      this.wish = { state: action.state, voice: action.voice };
      this.fail("replaced", ({ command }) => command.type === "presence");
    }
    const done = new Promise<void>((resolve, reject) => {
      const waiting = { command: { ...action, id }, timer: undefined, done: resolve, failed: reject };
      this.unanswered.set(id, waiting);
      if (this.connection.isOpen) this.ask(waiting);
      else if (NOT_REPEATED.has(action.type)) this.failOne(waiting, "connection_lost");
    });
    return { id, done };
  }

  /** Writes to the customer, now or as soon as there is a connection. */
  say(session: string, text: string): void {
    this.stopTyping();
    const { id, done } = this.act({ type: "message", session, text });
    this.listener.sent(session, id, text);
    done.then(
      () => this.listener.stored(session, id),
      (error: unknown) => this.listener.refused(session, id, error instanceof Error ? error.message : ""),
    );
  }

  /** The agent typed something for this customer just now. */
  typing(session: string): void {
    if (!this.connection.isOpen) return;
    if (this.typingIn?.session !== session) {
      this.stopTyping();
      this.transmit({ type: "typing", session, on: true });
    } else clearTimeout(this.typingIn.until);
    this.typingIn = { session, until: setTimeout(() => this.stopTyping(), TYPING_LASTS_MS) };
  }

  /** Follows a session from its beginning. */
  watch(session: string): void {
    if (this.watched.has(session)) return;
    this.watched.set(session, 0);
    if (this.connection.isOpen) this.sendWatch(session);
  }

  unwatch(session: string): void {
    if (!this.watched.delete(session)) return;
    if (this.connection.isOpen) this.transmit({ type: "unwatch", session });
  }

  // --- what comes in -----------------------------------------------------------------------------------

  private receive(text: string): void {
    let frame: DeskFrame | null;
    try {
      frame = parseDeskFrame(text);
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      console.warn("warmline: a message that is not in the wire's shape was left out:", error.message);
      return;
    }
    if (frame !== null) this.take(frame);
  }

  private take(frame: DeskFrame): void {
    switch (frame.type) {
      case "welcome":
        return this.welcomed(frame);
      case "pong":
        return this.connection.ponged();
      case "done":
        return this.settle(frame.id)?.done();
      case "error":
        return this.receiveError(frame);
      case "event":
        return this.receiveEvent(frame);
      case "contact":
        return this.receiveContact(frame);
      case "me":
        this.wish = { state: frame.state, voice: frame.voice };
        return this.listener.frame(frame);
      default:
        return this.listener.frame(frame);
    }
  }

  private welcomed(frame: FrameOf<"welcome">): void {
    this.greeted = true;
    this.connection.welcomed();
    const { wish } = this;
    const now = frame.presence;
    const kept = wish !== null && now.reason !== "missed" ? { ...now, ...wish } : now;
    this.wish = { state: kept.state, voice: kept.voice };
    this.listener.frame({ ...frame, presence: kept });
    if (kept.state !== now.state || kept.voice !== now.voice) this.tellPresence(this.wish);
    for (const session of this.watched.keys()) this.sendWatch(session);
    for (const waiting of this.unanswered.values()) {
      if (waiting.timer === undefined) this.ask(waiting);
    }
  }

  private tellPresence(wish: Pick<Me, "state" | "voice">): void {
    this.act({ type: "presence", ...wish }).done.catch(() => undefined);
  }

  private receiveEvent(frame: FrameOf<"event">): void {
    const seen = this.watched.get(frame.session);
    if (seen === undefined) return;
    const { seq } = frame.event.kind === "event" ? frame.event.event : frame.event;
    if (seq !== 0) {
      if (seq <= seen) return;
      this.watched.set(frame.session, seq);
    }
    this.listener.frame(frame);
  }

  /** One's own contacts are followed as long as they are on the desk. */
  private receiveContact(frame: ContactFrame): void {
    if (frame.state === "closed") this.watched.delete(frame.session);
    else if (frame.mine) this.watch(frame.session);
    this.listener.frame(frame);
  }

  private receiveError(error: FrameOf<"error">): void {
    const waiting = error.id === null ? undefined : this.settle(error.id);
    if (waiting !== undefined) {
      if (waiting.command.type === "watch" && NOT_OURS.has(error.code)) this.forget(waiting.command.session);
      return waiting.failed(new ActionFailed(error.code, error.message));
    }
    if (error.code === "fell_behind" && error.session !== null) this.watchAgain(error.session);
    else this.listener.frame(error);
  }

  private forget(session: string): void {
    this.watched.delete(session);
    this.listener.lost(session);
  }

  private watchAgain(session: string): void {
    const timer = setTimeout(() => {
      this.rewatching.delete(timer);
      if (this.connection.isOpen && this.watched.has(session)) this.sendWatch(session);
    }, WATCH_AGAIN_AFTER_MS);
    this.rewatching.add(timer);
  }

  // --- what goes out -----------------------------------------------------------------------------------

  private sendWatch(session: string): void {
    const { done } = this.act({ type: "watch", session, after: this.watched.get(session) ?? 0 });
    done.catch(() => undefined);
  }

  private ask(waiting: Unanswered): void {
    waiting.timer = setTimeout(() => this.failOne(waiting, "no_answer"), ANSWER_WITHIN_MS);
    this.transmit(waiting.command);
  }

  private settle(id: string): Unanswered | undefined {
    const waiting = this.unanswered.get(id);
    if (waiting !== undefined) clearTimeout(waiting.timer);
    this.unanswered.delete(id);
    return waiting;
  }

  private fail(code: keyof typeof WORDS, which: (waiting: Unanswered) => boolean): void {
    for (const waiting of [...this.unanswered.values()]) if (which(waiting)) this.failOne(waiting, code);
  }

  private failOne(waiting: Unanswered, code: keyof typeof WORDS): void {
    this.settle(waiting.command.id);
    waiting.failed(new ActionFailed(code, WORDS[code]));
  }

  private stopTyping(): void {
    if (this.typingIn === null) return;
    const { session, until } = this.typingIn;
    clearTimeout(until);
    this.typingIn = null;
    if (this.connection.isOpen) this.transmit({ type: "typing", session, on: false });
  }

  private transmit(message: DeskMessage): void {
    this.connection.send(message);
  }

  // --- the connection ----------------------------------------------------------------------------------

  private dropped(): void {
    if (this.typingIn !== null) clearTimeout(this.typingIn.until);
    this.typingIn = null;
    for (const timer of this.rewatching) clearTimeout(timer);
    this.rewatching.clear();
    for (const waiting of this.unanswered.values()) {
      clearTimeout(waiting.timer);
      waiting.timer = undefined;
    }
    this.fail("connection_lost", ({ command }) => NOT_REPEATED.has(command.type));
  }

  /** A handshake that is refused (401) shows itself only as a connection that never came to be. */
  private worthComingBack(code: number): boolean {
    const over = code === SIGNED_OUT || code === BROKEN_RULES;
    if (over || !this.greeted) this.listener.doubt();
    return !over;
  }
}

const WORDS = {
  connection_lost: "The connection was lost before this was confirmed. Look before you do it again.",
  no_answer: "The gateway did not answer. Look before you do it again.",
  signed_out: "You are signed out.",
  replaced: "",
} as const;
