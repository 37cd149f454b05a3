import { describe, expect, it } from "vitest";
import type { FileItem } from "../lines";
import { latencyWords } from "./LatencyStrip";
import { phaseOf } from "./phase";
import { fileWords, filesClosedWords, noteWords, queueWords, understoodWords } from "./plain";
import { transcriptText } from "./transcript";

const file: FileItem = {
  kind: "file",
  key: "file_1",
  at: 0,
  by: "customer",
  agentId: null,
  agent: null,
  name: "lamp.jpg",
  size: 482_113,
  mediaType: "image/jpeg",
};

describe("plain words", () => {
  it("say who sent a file, and why none can be sent", () => {
    expect(fileWords(file)).toBe("You sent a file: lamp.jpg");
    expect(fileWords({ ...file, by: "agent", agent: "Alex", name: null })).toBe(
      "Alex sent a file: its name was removed",
    );
    expect(filesClosedWords(true, true)).toBeNull();
    expect(filesClosedWords(false, true)).toMatch("connection");
    expect(filesClosedWords(true, false)).toMatch("a person");
  });

  it("name what was understood, once each", () => {
    expect(understoodWords(["start(order_status)", "fill(order_id)", "fill(order_id)", "ask"])).toBe(
      "order status, order id, a question",
    );
  });

  it("say how the call stands: hearing somebody comes before all else", () => {
    const live = { state: "live", fault: null } as const;
    const view = { hearing: false, activity: "idle", queue: null } as const;
    expect(phaseOf(live, { ...view, hearing: true, activity: "speaking" }, "open")).toBe("hearing");
    expect(phaseOf(live, view, "open")).toBe("listening");
    expect(phaseOf(live, view, "waiting")).toBe("live");
    expect(phaseOf(live, { ...view, hearing: true, queue: 2 }, "open")).toBe("queued");
    const failed = { state: "over", fault: { kind: "no_path", message: "" } } as const;
    expect(phaseOf(failed, view, "open")).toBe("failed");
  });

  it("say how a person came and went", () => {
    const changed = { type: "handoff.changed", handoff_id: "h_1", agent_id: "a_1", agent: "Alex", outcome: null } as const;
    expect(noteWords({ ...changed, state: "human_active", floor: "human", reason: "connected" })).toContain("with Alex");
    expect(noteWords({ ...changed, state: "wrap_up", floor: "none", reason: "agent_ended" })).toContain("has ended");
    expect(noteWords({ ...changed, state: "wrap_up", floor: "none", reason: "customer_left" })).toBe("");
  });

  it("say where a caller stands in the queue", () => {
    expect(queueWords(1)).toContain("You are next.");
    expect(queueWords(3)).toContain("number 3");
  });
});

it("an answer's latency is told in words too", () => {
  const parts = [
    { part: "hear", tookMs: 150 },
    { part: "think", tookMs: 40 },
  ] as const;
  expect(latencyWords({ totalMs: 190, parts: [...parts] })).toBe("hearing you 150 ms, thinking 40 ms");
});

it("the transcript tells who said what and what was done", () => {
  const text = transcriptText([
    { kind: "customer", key: "c1", at: 0, channel: "voice", text: "A refund, please.", understood: [] },
    {
      kind: "reply",
      key: "r1",
      answers: "c1",
      at: 0,
      text: "Refunds over",
      done: true,
      interrupted: true,
      heardMs: 900,
      source: "workflow",
      citations: [{ passage_id: "p", title: "Refunds", heading: "", article: "refunds" }],
      latency: null,
      tools: [
        {
          callId: "k",
          tool: "look_up_order",
          effect: "read",
          arguments: {},
          result: { outcome: "done", code: null, receiptId: "rc_1", elapsedMs: 1, values: {} },
        },
      ],
    },
    file,
  ]);
  expect(text.replaceAll(/\[.*?[AP]M\]/g, "")).toContain(
    [
      " You (spoken): A refund, please.",
      "   Order: found, receipt rc_1",
      " Fern: Refunds over [interrupted]",
      "   Source: Refunds",
      " You sent a file: lamp.jpg (482 kB)",
    ].join("\n"),
  );
});
