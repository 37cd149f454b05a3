import { describe, expect, it } from "vitest";
import { waited } from "./latency";
import type { Latency } from "./wire";

const NONE: Latency = {
  decision_ms: null,
  drafted_ms: null,
  final_transcript_ms: null,
  understood_ms: null,
  tools_ms: null,
  first_token_ms: null,
  first_clause_ms: null,
  filler_ms: null,
  first_audio_ms: null,
};

function parts(latency: Partial<Latency>): [string, number][] | undefined {
  return waited({ ...NONE, ...latency })?.parts.map(({ part, tookMs }) => [part, tookMs]);
}

describe("what a spoken turn waited for", () => {
  it("is hearing, deciding, thinking and speaking, and adds up to the first sound", () => {
    const latency = {
      final_transcript_ms: 150,
      decision_ms: 240,
      understood_ms: 260,
      tools_ms: 100,
      first_token_ms: 400,
      first_clause_ms: 410,
      first_audio_ms: 560,
    };
    expect(parts(latency)).toEqual([
      ["hear", 150],
      ["decide", 90],
      ["think", 160],
      ["speak", 160],
    ]);
  });

  it("counts for deciding only what a drafted reply still had to wait", () => {
    const latency = {
      drafted_ms: 130,
      final_transcript_ms: 130,
      understood_ms: 150,
      first_token_ms: 170,
      first_clause_ms: 171,
      decision_ms: 300,
      first_audio_ms: 310,
    };
    expect(parts(latency)).toEqual([
      ["hear", 130],
      ["decide", 129],
      ["think", 40],
      ["speak", 11],
    ]);
  });

  it("leaves out what is not known, and never counts beyond the first sound", () => {
    expect(parts({ decision_ms: 212, first_token_ms: 900, first_audio_ms: 500 })).toEqual([
      ["decide", 212],
      ["speak", 288],
    ]);
  });

  it("is nothing when no sound came", () => {
    expect(parts({ decision_ms: 200 })).toBeUndefined();
  });
});
