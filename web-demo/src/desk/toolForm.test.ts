import { describe, expect, it } from "vitest";
import { fieldsOf, filled } from "./toolForm";

const REFUND = {
  type: "object",
  properties: {
    order_id: { type: "string", description: "Five digits.", maxLength: 5 },
    amount: { anyOf: [{ type: "number", minimum: 1, maximum: 500 }, { type: "null" }] },
    items: { type: "integer" },
    reason: { $ref: "#/$defs/Reason" },
    by_mail: { type: "boolean" },
    skus: { type: "array", items: { type: "string" } },
    extra: { type: "object" },
  },
  required: ["order_id", "reason"],
  $defs: { Reason: { enum: ["damaged", "late"], title: "Why" } },
};
const fields = fieldsOf(REFUND);

describe("a tool's schema", () => {
  it("becomes fields in its order", () => {
    expect(fields.map(({ name, kind, required, label }) => [name, kind, required, label])).toEqual([
      ["order_id", "text", true, "Order id"],
      ["amount", "number", false, "Amount"],
      ["items", "integer", false, "Items"],
      ["reason", "choice", true, "Why"],
      ["by_mail", "boolean", false, "By mail"],
      ["skus", "list", false, "Skus"],
      ["extra", "json", false, "Extra"],
    ]);
    expect(fields[1]).toMatchObject({ minimum: 1, maximum: 500 });
    expect(fields[3]?.choices).toEqual(["damaged", "late"]);
  });

  it.each([{}, { properties: 7 }, { properties: [] }])("that is none has no fields: %o", (schema) => {
    expect(fieldsOf(schema)).toEqual([]);
  });
});

describe("what was typed", () => {
  it("becomes arguments of the right kind, without the empty ones", () => {
    const typed = {
      order_id: " 10437 ",
      amount: "12,50",
      items: "2",
      reason: "late",
      by_mail: "yes",
      skus: "A-1, B-2",
      extra: '{"a": 1}',
    };
    expect(filled(fields, typed)).toEqual({
      arguments: {
        order_id: "10437",
        amount: 12.5,
        items: 2,
        reason: "late",
        by_mail: true,
        skus: ["A-1", "B-2"],
        extra: { a: 1 },
      },
      faults: {},
    });
    expect(filled(fields, { order_id: "1", reason: "late" }).arguments).toEqual({
      order_id: "1",
      reason: "late",
    });
  });

  it.each([
    ["order_id", "", "fill this in"],
    ["order_id", "123456", "At most 5 characters"],
    ["amount", "much", "a number"],
    ["amount", "900", "At most 500"],
    ["items", "1.5", "whole number"],
    ["extra", "{", "JSON"],
  ])("is refused where it cannot be right: %s = %s", (name, text, words) => {
    const { faults } = filled(fields, { order_id: "1", reason: "late", [name]: text });
    expect(faults[name]).toContain(words);
  });
});
