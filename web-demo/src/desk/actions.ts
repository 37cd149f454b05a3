/**
 * Actions that wait for their answer: sent when there is a connection, again after a lost one, and in order.
 */
import type { Action, Command } from "./deskWire";

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

/**
 * Keys, questions to bot and colleagues, tools and listening-in belong to a moment; a watch is begun anew with a
 * newer place.
 */
const NOT_REPEATED = new Set<Action["type"]>(["press", "ask", "run_tool", "supervise", "watch", "consult"]);
const ANSWER_WITHIN_MS = 30_000;

const WORDS = {
  connection_lost: "The connection was lost before this was confirmed. Look before you do it again.",
  no_answer: "The gateway did not answer. Look before you do it again.",
  signed_out: "You are signed out.",
  replaced: "",
} as const;

interface Waiting {
  command: Command;
  /** Runs from the moment it was sent; undefined while it is not. */
  timer: ReturnType<typeof setTimeout> | undefined;
  done: () => void;
  failed: (error: ActionFailed) => void;
}

export class Actions {
  private readonly waiting = new Map<string, Waiting>();

  constructor(private readonly transmit: (command: Command) => void) {}

  /** Resolves when it is done; rejects with `ActionFailed`. */
  add(command: Command, connected: boolean): Promise<void> {
    return new Promise((done, failed) => {
      const waiting: Waiting = { command, timer: undefined, done, failed };
      this.waiting.set(command.id, waiting);
      if (connected) this.send(waiting);
      else if (NOT_REPEATED.has(command.type)) this.failOne(waiting, "connection_lost");
    });
  }

  /** There is a connection (again). */
  connected(): void {
    for (const waiting of this.waiting.values()) if (waiting.timer === undefined) this.send(waiting);
  }

  disconnected(): void {
    for (const waiting of this.waiting.values()) {
      clearTimeout(waiting.timer);
      waiting.timer = undefined;
    }
    this.fail("connection_lost", ({ type }) => NOT_REPEATED.has(type));
  }

  /** It was answered; undefined when nobody waits for that. */
  settle(id: string): Waiting | undefined {
    const waiting = this.waiting.get(id);
    if (waiting !== undefined) clearTimeout(waiting.timer);
    this.waiting.delete(id);
    return waiting;
  }

  fail(code: keyof typeof WORDS, which: (command: Command) => boolean): void {
    for (const waiting of [...this.waiting.values()]) if (which(waiting.command)) this.failOne(waiting, code);
  }

  private send(waiting: Waiting): void {
    waiting.timer = setTimeout(() => this.failOne(waiting, "no_answer"), ANSWER_WITHIN_MS);
    this.transmit(waiting.command);
  }

  private failOne(waiting: Waiting, code: keyof typeof WORDS): void {
    this.settle(waiting.command.id);
    waiting.failed(new ActionFailed(code, WORDS[code]));
  }
}
