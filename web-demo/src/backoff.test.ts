import { expect, it } from "vitest";
import { delayMs } from "./backoff";

const BACKOFF = { firstMs: 500, maxMs: 15_000 };

it("doubles up to the limit", () => {
  expect([0, 1, 2, 10, 1_000].map((attempt) => delayMs(BACKOFF, attempt, 1))).toEqual([
    500, 1_000, 2_000, 15_000, 15_000,
  ]);
});

it("spreads the second half of the wait", () => {
  expect([0, 0.5, 1].map((chance) => delayMs(BACKOFF, 0, chance))).toEqual([250, 375, 500]);
});
