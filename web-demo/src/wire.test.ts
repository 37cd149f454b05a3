import { describe, expect, it } from "vitest";
import page from "../../docs/wire.md?raw";
import { ShapeError } from "./shape";
import { isPeerLeft, parseAnswer, parseIceServers, parseProblem } from "./voiceWire";
import { parseGatewayMessage } from "./wire";

/** Every JSON block of docs/wire.md, with the word behind its fence. */
function documented(kind: string): string[] {
  return [...page.matchAll(/```json (\w+)\n(.*?)\n```/gs)]
    .filter((block) => block[1] === kind)
    .map((block) => block[2] ?? "");
}

describe("docs/wire.md", () => {
  it.each(documented("gateway"))("is understood: %s", (json) => {
    expect(parseGatewayMessage(json).kind).toBe("frame");
  });

  it.each(documented("event"))("is understood: %s", (json) => {
    const message = parseGatewayMessage(json);
    expect(message).toMatchObject({
      kind: "event",
      event: { fact: { type: (JSON.parse(json) as { type: string }).type } },
    });
  });

  it("has events to check", () => {
    expect(documented("event").length).toBeGreaterThan(5);
  });

  it("is understood in what concerns calls", () => {
    expect(documented("answer").map(parseAnswer)).toMatchObject([{ pc_id: "p_7d1" }]);
    expect(documented("ice").map(parseIceServers)).toEqual([[{ urls: ["stun:stun.example.org:3478"] }]]);
    expect(documented("error").map(parseProblem)).toMatchObject([{ code: "bad_sdp", retry: false }]);
  });
});

describe("a message from outside", () => {
  it("fills in what the gateway leaves out", () => {
    const json = '{"seq": 3, "at": 1, "type": "reply.done", "turn_id": "r1", "pii": {}}';
    expect(parseGatewayMessage(json)).toMatchObject({
      event: { fact: { answers: null, interrupted: false, citations: [], latency: null, pii: { text: "" } } },
    });
  });

  it("may be of a file whose name was erased", () => {
    const file = '"file_id": "f", "by": "agent", "size": 1, "media_type": "a/b"';
    const json = `{"seq": 3, "at": 1, "type": "file.shared", ${file}}`;
    expect(parseGatewayMessage(json)).toMatchObject({
      event: { fact: { agent: null, agent_id: null, pii: { name: null } } },
    });
  });

  it("keeps the place of an event type that this page does not know", () => {
    expect(parseGatewayMessage('{"seq": 9, "at": 1, "type": "weather.changed"}')).toEqual({
      kind: "unknown",
      type: "weather.changed",
      seq: 9,
    });
  });

  it.each([
    ["not JSON", "}{", "not JSON"],
    ["a list", "[]", "message: expected an object, found a list"],
    ["no type", "{}", "message.type: expected a string, found undefined"],
    [
      "a number for text",
      '{"seq": 1, "at": 1, "type": "reply.delta", "turn_id": "r", "offset": 0, "text": 7}',
      "reply.delta.text",
    ],
    [
      "an unknown outcome",
      '{"seq": 1, "at": 1, "type": "leg.joined", "leg_id": "l", "role": "cat", "kind": "sip"}',
      "one of customer",
    ],
    ["a name from Object", '{"seq": 1, "type": "constructor"}', "constructor.at"],
  ])("is refused with its place: %s", (_, json, place) => {
    expect(() => parseGatewayMessage(json)).toThrow(ShapeError);
    expect(() => parseGatewayMessage(json)).toThrow(place);
  });

  it("keeps TURN credentials", () => {
    const json = '{"iceServers": [{"urls": "turn:t.example", "username": "u", "credential": "c"}]}';
    expect(parseIceServers(json)).toEqual([{ urls: "turn:t.example", username: "u", credential: "c" }]);
  });

  it("may be a proxy's error page", () => {
    expect(parseProblem("<html>502</html>")).toBeNull();
  });
});

describe("the data channel", () => {
  it("tells when the gateway hung up", () => {
    expect(isPeerLeft('{"type": "signalling", "message": {"type": "peerLeft"}}')).toBe(true);
  });

  it.each(['{"type": "signalling", "message": {"type": "renegotiate"}}', '{"label": "rtvi-ai"}', "pong"])(
    "carries other things too: %s",
    (json) => {
      expect(isPeerLeft(json)).toBe(false);
    },
  );
});
