import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Trickle, iceServers, sendOffer } from "./signalling";
import type { Offer } from "./voiceWire";

const OFFER: Offer = {
  sdp: "v=0",
  type: "offer",
  pc_id: null,
  restart_pc: false,
  request_data: { session: "s_1", token: "t" },
};

const asked = vi.fn<typeof fetch>();

function answers(body: string, status = 200): void {
  asked.mockImplementation(() => Promise.resolve(new Response(body, { status })));
}

function problem(code: string, retry: boolean): string {
  return JSON.stringify({ error: { code, fault: "gateway", message: "All lines are taken.", retry } });
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("fetch", asked);
  asked.mockReset();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("an offer", () => {
  it("names the session and brings the answer", async () => {
    answers(JSON.stringify({ sdp: "v=0", type: "answer", pc_id: "p_1", session: "s_1", token: "t" }));
    expect(await sendOffer("/api", OFFER)).toMatchObject({ pc_id: "p_1" });
    const [path, init] = asked.mock.calls[0] ?? [];
    expect(path).toBe("/api/offer");
    expect(JSON.parse(init?.body as string)).toEqual(OFFER);
  });

  it.each([
    ["unknown_peer", false, 404, "refused"],
    ["busy", true, 503, "gateway_unreachable"],
  ])(
    "that is refused with %s carries the gateway's sentence and code",
    async (code, retry, status, fault) => {
      answers(problem(code, retry), status);
      await expect(sendOffer("/api", OFFER)).rejects.toMatchObject({
        fault,
        code,
        message: "All lines are taken.",
      });
    },
  );

  it.each([
    ["<html>Bad gateway</html>", 502],
    ["{}", 200],
  ])("that meets something else says that we cannot be reached: %s", async (body, status) => {
    const complaint = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    answers(body, status);
    await expect(sendOffer("/api", OFFER)).rejects.toMatchObject({
      fault: "gateway_unreachable",
      message: "",
    });
    complaint.mockRestore();
  });

  it("without a network says the same", async () => {
    asked.mockRejectedValue(new TypeError("Failed to fetch"));
    await expect(iceServers("/api/desk")).rejects.toMatchObject({ fault: "gateway_unreachable" });
  });
});

describe("candidates", () => {
  const candidate = (text: string) => ({ candidate: text, sdpMid: "0", sdpMLineIndex: 0 }) as RTCIceCandidate;
  const sent = () => asked.mock.calls.map(([, init]) => JSON.parse(init?.body as string) as unknown);

  it("wait until the gateway has named the connection, then go together", () => {
    answers("{}");
    const trickle = new Trickle("/api/desk");
    trickle.add(candidate("a"));
    vi.advanceTimersByTime(1_000);
    expect(sent()).toEqual([]);
    trickle.open("p_1");
    trickle.add(candidate("b"));
    trickle.add(candidate(""));
    trickle.add(null);
    vi.advanceTimersByTime(100);
    expect(asked.mock.calls[0]?.[0]).toBe("/api/desk/offer");
    expect(sent()).toEqual([
      {
        pc_id: "p_1",
        candidates: [
          { candidate: "a", sdp_mid: "0", sdp_mline_index: 0 },
          { candidate: "b", sdp_mid: "0", sdp_mline_index: 0 },
        ],
      },
    ]);
    trickle.add(candidate("c"));
    vi.advanceTimersByTime(100);
    expect(sent()).toHaveLength(2);
  });

  it("that cannot be delivered disturb nothing", async () => {
    asked.mockRejectedValue(new TypeError("Failed to fetch"));
    const trickle = new Trickle("/api/desk");
    trickle.open("p_1");
    trickle.add(candidate("a"));
    await vi.advanceTimersByTimeAsync(100);
    expect(asked).toHaveBeenCalledOnce();
  });
});
