/**
 * The lines of a conversation, and how replies and the tools they use grow in them: pure functions of the
 * former lines and one fact.
 */
import type { Channel, Cited, FactOf, Latency, SessionEvent } from "./wire";

export interface ToolRun {
  callId: string;
  tool: string;
  effect: "read" | "attempt" | "write";
  arguments: Record<string, unknown>;
  /** Null while it runs. */
  result: {
    outcome: "done" | "refused" | "failed";
    code: string | null;
    receiptId: string | null;
    elapsedMs: number;
    values: Record<string, unknown>;
  } | null;
}

export interface CustomerItem {
  kind: "customer";
  key: string;
  at: number;
  channel: Channel;
  text: string;
  understood: string[];
}

/** What a person of ours said or wrote. */
export interface HumanItem {
  kind: "human";
  key: string;
  at: number;
  channel: Channel;
  text: string;
  agentId: string;
  agent: string;
}

export interface ReplyItem {
  kind: "reply";
  /** The reply's `turn_id`. */
  key: string;
  /** `turn_id` of the customer's turn, if it answers one. */
  answers: string | null;
  at: number;
  /** So far; once `done`, what the customer heard or could read. */
  text: string;
  done: boolean;
  interrupted: boolean;
  /** Spoken replies: how much of it was played. */
  heardMs: number | null;
  source: string | null;
  citations: Cited[];
  latency: Latency | null;
  tools: ToolRun[];
}

export interface NoteItem {
  kind: "note";
  key: string;
  at: number;
  /** The event's place in the session; 0 for one that is not stored. */
  seq: number;
  tone: "plain" | "trouble";
  /** What happened; the page puts it into words. */
  fact: FactOf<
    | "identity.verified"
    | "handoff.requested"
    | "trouble"
    | "session.ended"
    | "leg.joined"
    | "leg.left"
    | "call.refused"
    | "handoff.changed"
    | "handoff.chosen"
    | "note.added"
  >;
}

/** A tool that a person of ours ran. */
export interface ToolItem {
  kind: "tool";
  /** The call's id. */
  key: string;
  at: number;
  agentId: string;
  run: ToolRun;
}

/** A file that the customer or a person of ours sent. */
export interface FileItem {
  kind: "file";
  /** The file's id. */
  key: string;
  at: number;
  by: "customer" | "agent";
  agentId: string | null;
  agent: string | null;
  /** Null once it was erased. */
  name: string | null;
  /** Bytes. */
  size: number;
  mediaType: string;
}

export type Item = CustomerItem | HumanItem | ReplyItem | NoteItem | ToolItem | FileItem;

/** The reply under way, if there is one. */
export function openReply({ items }: { items: Item[] }): ReplyItem | null {
  const last = items.findLast((item) => item.kind === "reply");
  return last !== undefined && !last.done ? last : null;
}

export function customerTurn(items: Item[], fact: FactOf<"turn.customer">, at: number): Item[] {
  const { turn_id: key, channel } = fact;
  return [...items, { kind: "customer", key, at, channel, text: fact.pii.text, understood: [] }];
}

export function humanTurn(items: Item[], fact: FactOf<"turn.human">, at: number): Item[] {
  const { turn_id: key, channel, agent_id: agentId, agent } = fact;
  return [...items, { kind: "human", key, at, channel, text: fact.pii.text, agentId, agent }];
}

export function fileShared(items: Item[], fact: FactOf<"file.shared">, at: number): Item[] {
  const { file_id: key, by, agent_id: agentId, agent, size, media_type: mediaType } = fact;
  return [...items, { kind: "file", key, at, by, agentId, agent, name: fact.pii.name, size, mediaType }];
}

/** Which side of the conversation a line stands on, as its class name. */
export function lineLook(item: Item): string {
  return `line line-${item.kind === "file" ? (item.by === "customer" ? "customer" : "human") : item.kind}`;
}

export function understood(items: Item[], fact: FactOf<"turn.understood">): Item[] {
  return items.map((item) =>
    item.kind === "customer" && item.key === fact.turn_id ? { ...item, understood: fact.commands } : item,
  );
}

export function replyStarted(items: Item[], fact: FactOf<"reply.started">, event: SessionEvent): Item[] {
  return withReply(closeReplies(items, fact.turn_id), fact, event, (reply) => reply);
}

export function replyDelta(items: Item[], fact: FactOf<"reply.delta">, event: SessionEvent): Item[] {
  return withReply(items, fact, event, (reply) =>
    reply.done ? reply : { ...reply, text: splice(reply.text, fact.offset, fact.text) },
  );
}

export function replyDone(items: Item[], fact: FactOf<"reply.done">, event: SessionEvent): Item[] {
  return withReply(items, fact, event, (reply) => ({
    ...reply,
    text: fact.pii.text,
    done: true,
    interrupted: fact.interrupted,
    heardMs: fact.heard_ms,
    source: fact.source,
    citations: fact.citations,
    latency: fact.latency,
  }));
}

/** One reply is under way at a time: when another begins, an unfinished one was cut off (a crash, say). */
export function closeReplies(items: Item[], except: string | null): Item[] {
  return items.map((item) =>
    item.kind === "reply" && !item.done && item.key !== except
      ? { ...item, done: true, interrupted: true }
      : item,
  );
}

export function toolCalled(items: Item[], fact: FactOf<"tool.called">, event: SessionEvent): Item[] {
  const run: ToolRun = {
    callId: fact.call_id,
    tool: fact.tool,
    effect: fact.effect,
    arguments: fact.pii.values,
    result: null,
  };
  if (fact.agent_id !== null) {
    const former = items.filter((item) => item.kind !== "tool" || item.key !== fact.call_id);
    return [...former, { kind: "tool", key: fact.call_id, at: event.at, agentId: fact.agent_id, run }];
  }
  return withTools(items, fact, event, (tools) => [
    ...tools.filter((other) => other.callId !== fact.call_id),
    run,
  ]);
}

export function toolFinished(items: Item[], fact: FactOf<"tool.finished">, event: SessionEvent): Item[] {
  const result = {
    outcome: fact.outcome,
    code: fact.code,
    receiptId: fact.receipt_id,
    elapsedMs: fact.elapsed_ms,
    values: fact.pii.values,
  };
  if (items.some((item) => item.kind === "tool" && item.key === fact.call_id)) {
    return items.map((item) =>
      item.kind === "tool" && item.key === fact.call_id ? { ...item, run: { ...item.run, result } } : item,
    );
  }
  return withTools(items, fact, event, (tools) =>
    tools.map((run) => (run.callId === fact.call_id ? { ...run, result } : run)),
  );
}

/** What a reply rests on stands before it, also while its words are still to come. */
export function noteBeforeReply(items: Item[], fact: NoteItem["fact"], event: SessionEvent): Item[] {
  const reply = openReply({ items });
  if (reply === null) return note(items, fact, event);
  return items.flatMap((item) => (item === reply ? [newNote(fact, event), item] : [item]));
}

export function note(items: Item[], fact: NoteItem["fact"], event: SessionEvent): Item[] {
  return [...items, newNote(fact, event)];
}

function newNote(fact: NoteItem["fact"], event: SessionEvent): NoteItem {
  return {
    kind: "note",
    key: `${fact.type}-${event.seq}-${event.at}`,
    at: event.at,
    seq: event.seq,
    tone: fact.type === "trouble" ? "trouble" : "plain",
    fact,
  };
}

/** Changes the reply that `fact` speaks of, and begins it where its start was not seen. */
function withReply(
  items: Item[],
  fact: { turn_id: string; answers?: string | null },
  event: SessionEvent,
  change: (reply: ReplyItem) => ReplyItem,
): Item[] {
  const known = items.some((item) => item.kind === "reply" && item.key === fact.turn_id);
  const all = known ? items : [...items, newReply(fact, event.at)];
  return all.map((item) => (item.kind === "reply" && item.key === fact.turn_id ? change(item) : item));
}

/** A tool call names the reply it serves, or the customer's turn that this reply answers. */
function withTools(
  items: Item[],
  fact: { turn_id: string },
  event: SessionEvent,
  change: (tools: ToolRun[]) => ToolRun[],
): Item[] {
  const { turn_id } = fact;
  const served = items.findLast(
    (item) => item.kind === "reply" && (item.key === turn_id || item.answers === turn_id),
  );
  return withReply(items, { turn_id: served?.key ?? turn_id }, event, (reply) => ({
    ...reply,
    tools: change(reply.tools),
  }));
}

function newReply(fact: { turn_id: string; answers?: string | null }, at: number): ReplyItem {
  return {
    kind: "reply",
    key: fact.turn_id,
    answers: fact.answers ?? null,
    at,
    text: "",
    done: false,
    interrupted: false,
    heardMs: null,
    source: null,
    citations: [],
    latency: null,
    tools: [],
  };
}

/**
 * Puts `text` at `offset` of `whole` and drops what stood behind. The wire counts Unicode code points, a
 * JavaScript string UTF-16 units. Words beyond a gap are left out: `reply.done` brings the whole text.
 */
function splice(whole: string, offset: number, text: string): string {
  const points = Array.from(whole);
  return offset > points.length ? whole : points.slice(0, offset).join("") + text;
}
