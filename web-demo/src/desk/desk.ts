/**
 * The agent's connection to the gateway: everything that happens at their desk comes in here, and everything
 * they do goes out. It comes back by itself and loses nothing: sessions are watched again from the newest
 * event seen, what was not answered is sent again with the same id (the gateway does it once), and the wish
 * to be available is told again. Keys, questions to bot and colleagues, tools and listening-in are never repeated:
 * they belong to a moment.
 */
import { Connection, type ConnectionSettings, type ConnectionState } from "../connection";
import { ShapeError } from "../shape";
import { ActionFailed, Actions } from "./actions";
import {
  type Action,
  type ContactFrame,
  type DeskFrame,
  type DeskMessage,
  type FrameOf,
  type Me,
  parseDeskFrame,
} from "./deskWire";

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

const TYPING_LASTS_MS = 3_000;
const WATCH_AGAIN_AFTER_MS = 1_000;
const SIGNED_OUT = 4401;
const BROKEN_RULES = 1008;
/** Codes by which the gateway says that a session is not for us. */
const NOT_OURS = new Set(["not_yours", "unknown_session", "not_allowed"]);

export class Desk {
  private readonly connection: Connection;
  private readonly actions = new Actions((command) => this.transmit(command));
  /** Newest event seen of each watched session. */
  private readonly watched = new Map<string, number>();
  /** The agent's own contacts: the handoff of each session. */
  private readonly own = new Map<string, string>();
  /** Sessions that a colleague asks the agent about, by consult; followed from the yes to the end. */
  private readonly consulted = new Map<string, string>();
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
    this.actions.fail("signed_out", () => true);
  }

  retryNow(): void {
    this.connection.retryNow();
  }

  /** Does something. `done` rejects with `ActionFailed`. */
  act(action: Action): { id: string; done: Promise<void> } {
    const id = this.settings.newId();
    if (action.type === "presence") {
      this.wish = { state: action.state, voice: action.voice };
      this.actions.fail("replaced", ({ type }) => type === "presence");
    }
    return { id, done: this.actions.add({ ...action, id }, this.connection.isOpen) };
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
        return this.actions.settle(frame.id)?.done();
      case "error":
        return this.receiveError(frame);
      case "event":
        return this.receiveEvent(frame);
      case "contact":
        return this.receiveContact(frame);
      case "consult":
        return this.receiveConsult(frame);
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
    this.forgetOver(frame);
    const { wish } = this;
    const now = frame.presence;
    const kept = wish !== null && now.reason !== "missed" ? { ...now, ...wish } : now;
    this.wish = { state: kept.state, voice: kept.voice };
    this.listener.frame({ ...frame, presence: kept });
    if (kept.state !== now.state || kept.voice !== now.voice) this.tellPresence(this.wish);
    for (const session of this.watched.keys()) this.sendWatch(session);
    this.actions.connected();
  }

  /** Contacts that ended while we were away are watched no more. */
  private forgetOver({ contacts, consults }: FrameOf<"welcome">): void {
    for (const [consult, session] of this.consulted) {
      if (consults?.includes(consult)) continue;
      this.consulted.delete(consult);
      if (!this.own.has(session)) this.watched.delete(session);
    }
    if (contacts === null) return;
    for (const [session, handoff] of this.own) {
      if (contacts.includes(handoff)) continue;
      this.own.delete(session);
      this.watched.delete(session);
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
    const { session } = frame;
    const leaves = frame.state === "closed" || (!frame.mine && this.own.has(session));
    if (leaves) {
      this.own.delete(session);
      this.unwatch(session);
    } else if (frame.mine) {
      const readAlong = !this.own.has(session) && [...this.consulted.values()].includes(session);
      this.own.set(session, frame.handoff_id ?? "");
      // Who was asked and has the customer now is told more than they were.
      if (readAlong) this.sendWatch(session);
      else this.watch(session);
    }
    this.listener.frame(frame);
  }

  private receiveConsult(frame: FrameOf<"consult">): void {
    const { consult, session, state, mine } = frame;
    if (!mine && state === "talking") {
      this.consulted.set(consult, session);
      this.watch(session);
    } else if (state === "over" && this.consulted.delete(consult) && !this.own.has(session)) {
      this.unwatch(session);
    }
    this.listener.frame(frame);
  }

  private receiveError(error: FrameOf<"error">): void {
    const waiting = error.id === null ? undefined : this.actions.settle(error.id);
    if (waiting !== undefined) {
      if (waiting.command.type === "watch" && NOT_OURS.has(error.code)) this.forget(waiting.command.session);
      return waiting.failed(new ActionFailed(error.code, error.message));
    }
    if (error.session !== null && error.retry) this.watchAgain(error.session);
    else this.listener.frame(error);
  }

  private forget(session: string): void {
    this.own.delete(session);
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
    this.actions.disconnected();
  }

  /** A handshake that is refused (401) shows itself only as a connection that never came to be. */
  private worthComingBack(code: number): boolean {
    const over = code === SIGNED_OUT || code === BROKEN_RULES;
    if (over || !this.greeted) this.listener.doubt();
    return !over;
  }
}
