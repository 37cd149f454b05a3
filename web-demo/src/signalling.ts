/**
 * The HTTP side of a call, as docs/wire.md has it: `POST` and `PATCH` of `…/offer` and `GET` of `…/ice`,
 * below `/api` for customers and below `/api/desk` for agents.
 */
import { CallFailed } from "./callFailed";
import { ShapeError } from "./shape";
import {
  type Answer,
  type Candidates,
  type Offer,
  parseAnswer,
  parseIceServers,
  parseProblem,
} from "./voiceWire";

const ANSWER_WITHIN_MS = 15_000;
const TRICKLE_EVERY_MS = 100;

/** Sends an offer and returns the answer. Throws `CallFailed`. */
export async function sendOffer(below: string, offer: Offer): Promise<Answer> {
  return checked(parseAnswer, await request(`${below}/offer`, json("POST", offer)));
}

/** The ICE servers to use now. Throws `CallFailed`. */
export async function iceServers(below: string): Promise<RTCIceServer[]> {
  return checked(parseIceServers, await request(`${below}/ice`, {}));
}

function json(method: "POST" | "PATCH", body: Offer | Candidates): RequestInit {
  return { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

/** The body of the response. Throws `CallFailed`. */
async function request(path: string, init: RequestInit): Promise<string> {
  const { response, body } = await fetched(path, init);
  if (response.ok) return body;
  const problem = parseProblem(body);
  const worthRetrying = problem?.retry ?? response.status >= 500;
  throw new CallFailed(worthRetrying ? "gateway_unreachable" : "refused", problem?.message, problem?.code);
}

async function fetched(path: string, init: RequestInit): Promise<{ response: Response; body: string }> {
  try {
    const response = await fetch(path, { ...init, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    return { response, body: await response.text() };
  } catch (error) {
    // A network that is gone, or too slow.
    if (error instanceof TypeError || error instanceof DOMException)
      throw new CallFailed("gateway_unreachable");
    throw error;
  }
}

function checked<T>(parse: (json: string) => T, body: string): T {
  try {
    return parse(body);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    console.warn("warmline: the gateway's answer is not in the wire's shape:", error.message);
    throw new CallFailed("gateway_unreachable");
  }
}

/** Sends ICE candidates as they are found, a few at a time, once the gateway has named the connection. */
export class Trickle {
  private readonly found: RTCIceCandidate[] = [];
  private pcId: string | null = null;
  private scheduled = false;

  constructor(private readonly below: string) {}

  add(candidate: RTCIceCandidate | null): void {
    if (candidate === null || candidate.candidate === "") return;
    this.found.push(candidate);
    this.schedule();
  }

  open(pcId: string): void {
    this.pcId = pcId;
    this.schedule();
  }

  private schedule(): void {
    if (this.pcId === null || this.scheduled || this.found.length === 0) return;
    this.scheduled = true;
    setTimeout(() => void this.flush(), TRICKLE_EVERY_MS);
  }

  private async flush(): Promise<void> {
    this.scheduled = false;
    if (this.pcId === null) return;
    const candidates = this.found.splice(0).map((candidate) => ({
      candidate: candidate.candidate,
      sdp_mid: candidate.sdpMid,
      sdp_mline_index: candidate.sdpMLineIndex,
    }));
    const body: Candidates = { pc_id: this.pcId, candidates };
    try {
      await request(`${this.below}/offer`, json("PATCH", body));
    } catch (error) {
      // The candidates that the gateway has may do; if not, the connection times out and says so.
      if (!(error instanceof CallFailed)) throw error;
    }
  }
}
