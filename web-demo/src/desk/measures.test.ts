import { describe, expect, it } from "vitest";
import { ShapeError } from "../shape";
import { left, outcomeWords, readMeasures, secondsWords, shareWords } from "./measures";

const MEASURED = {
  node: null,
  now: 1_795_370_000,
  waiting: [{ queue: "general", channel: "voice", waiting: 2, ringing: 1, longest_s: 48.2 }],
  recent: {
    since: 1_795_360_000,
    handoffs: 6,
    under_way: 1,
    reached: 3,
    back_in_line: 1,
    agents_lost: 0,
    times: [
      {
        queue: "general",
        channel: "chat",
        handoffs: 6,
        offer: { count: 5, median_s: 1.2, p95_s: 8.4 },
        yes: null,
        person: null,
        words: null,
        silence: null,
      },
    ],
    causes: [{ reason: "customer_asked", handoffs: 6, reached: 3 }],
    outcomes: { abandoned_queued: 1, talked: 3, abandoned_briefing: 1 },
    abandoned: { queued: 1, briefing: 1 },
  },
};

describe("the gateway's answer", () => {
  it("is read, with counts in order", () => {
    const read = readMeasures(MEASURED, "measures");
    expect(read.recent.outcomes[0]).toEqual(["talked", 3]);
    expect(read.recent.times[0]?.offer?.p95_s).toBe(8.4);
    expect(read.recent.times[0]?.yes).toBeNull();
    expect(left(read)).toBe(2);
  });

  it("before the first handoff says nothing of times", () => {
    const read = readMeasures({ now: 1, recent: { handoffs: 0 } }, "measures");
    expect(read).toMatchObject({ node: null, waiting: [], recent: { since: null, times: [], outcomes: [] } });
    expect(left(read)).toBe(0);
  });

  it.each([{}, { now: 1 }, { now: 1, recent: { handoffs: 1, outcomes: { talked: "three" } } }])(
    "that is something else is refused: %j",
    (value) => {
      expect(() => readMeasures(value, "measures")).toThrow(ShapeError);
    },
  );
});

describe("the words", () => {
  it.each([
    [0, "0.0 s"],
    [4.25, "4.3 s"],
    [9.96, "10 s"],
    [75.4, "75 s"],
    [1200, "20 min"],
  ])("write %d seconds as %s", (seconds, words) => {
    expect(secondsWords(seconds)).toBe(words);
  });

  it("write parts of a whole", () => {
    expect(shareWords(3, 4)).toBe("3 of 4 (75 %)");
    expect(shareWords(0, 0)).toBe("–");
  });

  it("name outcomes, also of codes that are new", () => {
    expect(outcomeWords("talked")).toBe("Talked with a person");
    expect(outcomeWords("abandoned_queued")).toBe("Left: in line");
    expect(outcomeWords("went_for_tea")).toBe("Went for tea");
  });
});
