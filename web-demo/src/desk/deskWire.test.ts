import { describe, expect, it } from "vitest";
import page from "../../../docs/wire.md?raw";
import { draftNotes, readBriefing, standing } from "./briefing";
import { parseAccount, parseDeskFrame } from "./deskWire";

/** Every JSON block of docs/wire.md, with the word behind its fence. */
function documented(kind: string): string[] {
  return [...page.matchAll(/```json (\w+)\n(.*?)\n```/gs)]
    .filter((block) => block[1] === kind)
    .map((block) => block[2] ?? "");
}

describe("docs/wire.md", () => {
  it.each(documented("desk"))("is understood: %s", (json) => {
    expect(parseDeskFrame(json)?.type).toBe((JSON.parse(json) as { type: string }).type);
  });

  it("has frames to check", () => {
    expect(documented("desk").length).toBeGreaterThan(15);
  });

  it("says who is signed in", () => {
    expect(documented("me").map(parseAccount)).toMatchObject([{ agent: { name: "Nadia" } }]);
  });
});

describe("a frame from outside", () => {
  it("fills in what the gateway leaves out", () => {
    const json =
      '{"type": "contact", "session": "s_1", "channel": "chat", "state": "wrap_up", "floor": "none", "since": 1}';
    expect(parseDeskFrame(json)).toMatchObject({ mine: true, hold: false, customer: null, supervisors: 0 });
  });

  it.each([
    ['{"type": "event", "session": "s_1", "event": {"seq": 1}}', "event.event.type"],
    ['{"type": "queue", "waiting": {}}', "queue.waiting: expected a list"],
    ['{"type": "me", "state": "gone"}', "me.state: expected one of"],
    ["7", "message: expected an object"],
  ])("that is not in shape is refused: %s", (json, words) => {
    expect(() => parseDeskFrame(json)).toThrow(words);
  });
});

describe("a briefing", () => {
  const full = readBriefing(
    {
      who: { name: "Rosa", verified: true, method: "order+zip" },
      facts: [
        { key: "order_id", value: 10437, source_turn: "c1", confirmed: true, source: "customer" },
        { key: "status", value: "late", source_turn: "r1", source: "tool" },
        { key: "zip", value: "60614", source: "customer" },
      ],
      done: [{ tool: "request_refund", receipt: "R-301", text: "Refunded $40 (R-301)." }],
      promised: [{ text: "A call tomorrow." }],
      summary: ["Rosa wants her money back.", "", "The parcel is late."],
    },
    "briefing",
  );

  it("tells facts that were found from those that were said", () => {
    expect(full?.facts.map(standing)).toEqual(["confirmed", "found", "said"]);
    expect(full?.facts[0]?.value).toBe("10437");
  });

  it("drafts the wrap-up", () => {
    expect(draftNotes(full)).toBe(
      "Rosa wants her money back.\nThe parcel is late.\nDone: Refunded $40 (R-301).\nPromised: A call tomorrow.",
    );
    expect(draftNotes(null)).toBe("");
  });

  it("may know nothing yet", () => {
    expect(readBriefing({}, "briefing")).toMatchObject({ who: null, facts: [], summary: [] });
  });
});
