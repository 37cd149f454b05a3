import { describe, expect, it } from "vitest";
import { ShapeError } from "../shape";
import type { Colleague } from "./deskWire";
import {
  type FollowUp,
  attemptWords,
  authorWords,
  byTime,
  countWords,
  customerWords,
  dueWords,
  isOverdue,
  readCount,
  readFollowUps,
  taskWords,
} from "./followUps";

const NOW = 1_795_370_000;
const HOUR = 3600;

function owed(change: Partial<FollowUp> = {}): FollowUp {
  return {
    follow_up_id: "f_1",
    session: "s_4k2v",
    kind: "callback",
    queue: "general",
    due_at: NOW,
    created_at: NOW - 60,
    created_by: "customer",
    attempts: 0,
    number: "+12065550100",
    words: "Maya Lopez",
    summary: [],
    ...change,
  };
}

describe("the gateway's answer", () => {
  it("is read as docs/wire.md has it", () => {
    const answer = { follow_ups: [owed({ summary: ["Wants the postage back."] })] };
    expect(readFollowUps(JSON.parse(JSON.stringify(answer)), "answer")).toEqual(answer);
    expect(readCount({ open: 3, due: 1 }, "answer")).toEqual({ open: 3, due: 1 });
  });

  it("of an older or a newer gateway is read, too", () => {
    const { summary: _, number: __, ...older } = owed({ kind: "visit" });
    const [read] = readFollowUps({ follow_ups: [{ ...older, more: true }] }, "answer").follow_ups;
    expect(read).toMatchObject({ kind: "visit", summary: [], number: null });
  });

  it.each([{}, { follow_ups: "none" }, { follow_ups: [{ follow_up_id: 7 }] }, null])(
    "that is something else is refused: %j",
    (value) => {
      expect(() => readFollowUps(value, "answer")).toThrow(ShapeError);
    },
  );
});

describe("the order", () => {
  it("has those whose time has come first, the longest due at the top", () => {
    const all = [
      owed({ follow_up_id: "f_tomorrow", due_at: NOW + 24 * HOUR }),
      owed({ follow_up_id: "f_now", due_at: NOW }),
      owed({ follow_up_id: "f_soon", due_at: NOW + 1 }),
      owed({ follow_up_id: "f_late", due_at: NOW - 5 * HOUR }),
    ];
    const { due, later } = byTime(all, NOW);
    expect(due.map(({ follow_up_id }) => follow_up_id)).toEqual(["f_late", "f_now"]);
    expect(later.map(({ follow_up_id }) => follow_up_id)).toEqual(["f_soon", "f_tomorrow"]);
    expect(all[0]?.follow_up_id).toBe("f_tomorrow");
  });

  it("of those due at the same time is the order in which they came", () => {
    const all = [
      owed({ follow_up_id: "f_b", created_at: 5 }),
      owed({ follow_up_id: "f_c", created_at: 4 }),
      owed({ follow_up_id: "f_a", created_at: 5 }),
    ];
    expect(byTime(all, NOW).due.map(({ follow_up_id }) => follow_up_id)).toEqual(["f_c", "f_a", "f_b"]);
  });
});

describe("the words", () => {
  it.each([
    [-2, "Due now"],
    [-59 * 60, "Due now"],
    [-HOUR, "Overdue by 1 h"],
    [-47 * HOUR, "Overdue by 47 h"],
    [-75 * HOUR, "Overdue by 3 days"],
    [20, "Due in 1 min"],
    [30 * 60, "Due in 30 min"],
    [5 * HOUR, "Due in 5 h"],
    [49 * HOUR, "Due in 2 days"],
  ])("say when it is due: %i s from now is %s", (from, words) => {
    expect(dueWords({ due_at: NOW + from }, NOW)).toBe(words);
    expect(isOverdue({ due_at: NOW + from }, NOW)).toBe(words.startsWith("Overdue"));
  });

  it("say what is to be done, and for whom", () => {
    expect([taskWords(owed()), customerWords(owed())]).toEqual(["Call the customer back", "Maya Lopez"]);
    expect(taskWords(owed({ kind: "message" }))).toBe("Answer the customer");
    const left = owed({ kind: "task" });
    expect([taskWords(left), customerWords(left)]).toEqual(["Call the customer back by hand", "Maya Lopez"]);
    const task = owed({ kind: "task", created_by: "a_7f0", number: null, words: "Ask the courier." });
    expect([taskWords(task), customerWords(task)]).toEqual(["Ask the courier.", ""]);
    expect(taskWords(owed({ kind: "task", created_by: "a_7f0", words: "" }))).toBe("Look after the customer");
  });

  it("say who noted it, and how often it was tried", () => {
    const tom = { agent_id: "a_tom", name: "Tom" } as Colleague;
    const by = (created_by: string) => authorWords(owed({ created_by }), "a_me", [tom]);
    expect(["customer", "bot", "a_me", "a_tom", "a_gone"].map(by)).toEqual([
      "wished by the customer",
      "noted by the bot",
      "noted by you",
      "noted by Tom",
      "noted by a colleague",
    ]);
    const tried = [0, 1, 2, 3].map((attempts) => attemptWords(owed({ attempts })));
    expect(tried).toEqual(["", "tried once", "tried twice", "tried 3 times"]);
  });

  it("count them", () => {
    expect(countWords({ open: 3, due: 0 })).toBe("3 open");
    expect(countWords({ open: 3, due: 1 })).toBe("3 open, 1 due");
  });
});
