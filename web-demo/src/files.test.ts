import { describe, expect, it } from "vitest";
import page from "../../docs/wire.md?raw";
import { kindWords, parseFileRules, refusalOf, sizeWords } from "./files";
import { ShapeError } from "./shape";

const rules = { size_bytes: 10_000_000, count: 20, types: ["image/png"] };

describe("what may be sent", () => {
  it("is read as docs/wire.md shows it", () => {
    const [, json] = /```json file_rules\n(.*?)\n```/s.exec(page) ?? [];
    expect(parseFileRules(json ?? "")).toMatchObject({ size_bytes: 10_000_000, count: 20 });
  });

  it.each(["<html>502</html>", "[]", '{"size_bytes": "many", "count": 1, "types": []}'])(
    "is nothing else: %s",
    (json) => {
      expect(() => parseFileRules(json)).toThrow(ShapeError);
    },
  );

  it("is known before it is sent, as far as its size goes", () => {
    expect(refusalOf({ name: "a.png", size: 10_000_000 }, rules)).toBeNull();
    expect(refusalOf({ name: "a.png", size: 99_000_000 }, null)).toBeNull();
    expect(refusalOf({ name: "a.png", size: 12_340_000 }, rules)).toMatchObject({
      code: "too_large",
      message: "A file may have 10 MB; a.png has 12 MB.",
    });
    expect(refusalOf({ name: "a.png", size: 0 }, null)).toMatchObject({ code: "empty_file" });
  });
});

describe("a file in words", () => {
  it.each([
    [1, "1 byte"],
    [999, "999 bytes"],
    [1_000, "1 kB"],
    [482_113, "482 kB"],
    [999_499, "999 kB"],
    [999_500, "1 MB"],
    [1_250_000, "1.3 MB"],
    [9_960_000, "10 MB"],
    [48_000_000, "48 MB"],
  ])("has a size: %i", (bytes, words) => {
    expect(sizeWords(bytes)).toBe(words);
  });

  it("is of a kind", () => {
    expect(kindWords("image/jpeg")).toBe("JPEG picture");
    expect(kindWords("audio/flac")).toBe("audio/flac");
  });
});
