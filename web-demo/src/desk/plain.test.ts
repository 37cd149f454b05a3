import { describe, expect, it } from "vitest";
import type { NoteItem } from "../lines";
import { elapsed, languageWords, markWords, queueTitle, reasonWords } from "./plain";

const handoff = (state: string, agent: string | null = null, reason = ""): NoteItem["fact"] => ({
  type: "handoff.changed",
  handoff_id: "h_1",
  state,
  floor: "bot",
  reason,
  agent_id: null,
  agent,
  outcome: null,
});

describe("plain words", () => {
  it("say what is waited for, also of codes that are new", () => {
    expect(reasonWords("over_limit")).toBe("Over the bot's limit");
    expect(reasonWords("strange_reason")).toBe("Strange reason");
    expect(reasonWords("")).toBe("No reason given");
  });

  it("name queues by their titles, or by their names made readable", () => {
    const queues = [
      { queue: "general", title: "general" },
      { queue: "b2b", title: "Business customers" },
    ];
    expect(queueTitle(queues, "general")).toBe("General");
    expect(queueTitle(queues, "b2b")).toBe("Business customers");
    expect(queueTitle(queues, "late_shift")).toBe("Late shift");
    expect(queueTitle(queues, null)).toBe("");
  });

  it("mark what matters of a handoff, and not each of its steps", () => {
    expect(markWords(handoff("human_active", "Anna"))).toBe("Anna took over");
    expect(markWords(handoff("ai_active", null, "handed_back"))).toBe("With the bot again: handed back");
    expect(markWords(handoff("bridging", "Anna"))).toBe("");
    expect(markWords(handoff("briefing", "Anna", "accepted"))).toBe("");
    expect(markWords(handoff("briefing", "Anna", "customer_calls"))).toBe("The customer calls");
    expect(markWords({ type: "handoff.requested", reason: "customer_asked" })).toBe(
      "The customer asked for a person",
    );
  });

  it("never show a language code that they can name", () => {
    expect(languageWords("de")).toBe("German");
    expect(languageWords("not a language")).toBe("not a language");
  });

  it.each([
    [0, "0:00"],
    [75, "1:15"],
    [3700, "1:01:40"],
    [-3, "0:00"],
  ])("write %i seconds as %s", (seconds, words) => {
    expect(elapsed(seconds)).toBe(words);
  });
});
