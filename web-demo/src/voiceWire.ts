/** The HTTP and data channel side of a call as docs/wire.md describes it, and what a failed request says. */
import { type Of, ShapeError, boolean, list, object, oneOf, or, parseJson, string } from "./shape";
import { fault } from "./wire";

export interface Offer {
  sdp: string;
  type: "offer";
  pc_id: string | null;
  restart_pc: boolean;
  /** The session to talk in; none in an agent's offer. */
  request_data: { session: string; token: string } | Record<string, never>;
}

export interface Candidates {
  pc_id: string;
  candidates: { candidate: string; sdp_mid: string | null; sdp_mline_index: number | null }[];
}

/** An agent's answer names no session: theirs change with the calls they take. */
const answer = object({
  sdp: string,
  type: oneOf("answer"),
  pc_id: string,
  session: or(string, null),
  token: or(string, null),
});
export type Answer = Of<typeof answer>;

const iceServers = object({
  iceServers: list(
    object({
      urls: (value, at) => (typeof value === "string" ? value : list(string)(value, at)),
      username: or(string, null),
      credential: or(string, null),
    }),
  ),
});

const problem = object({
  error: object({ code: string, fault, message: string, retry: or(boolean, false) }),
});
export type Problem = Of<typeof problem>["error"];

/** The answer to an offer. Throws `ShapeError`. */
export function parseAnswer(json: string): Answer {
  return answer(parseJson(json), "answer");
}

/** The body of `GET /api/ice`, in the form a peer connection takes. Throws `ShapeError`. */
export function parseIceServers(json: string): RTCIceServer[] {
  return iceServers(parseJson(json), "ice").iceServers.map(({ urls, username, credential }) => ({
    urls,
    ...(username === null ? {} : { username }),
    ...(credential === null ? {} : { credential }),
  }));
}

/** The body of a failed HTTP request, or null when it is not one of ours (a proxy's page, say). */
export function parseProblem(json: string): Problem | null {
  try {
    return problem(parseJson(json), "problem").error;
  } catch (error) {
    if (error instanceof ShapeError) return null;
    throw error;
  }
}

/** Says of an RTVI message on the data channel whether it tells that the gateway hung up. */
export function isPeerLeft(json: string): boolean {
  const leaving = object({ type: oneOf("signalling"), message: object({ type: oneOf("peerLeft") }) });
  try {
    leaving(parseJson(json), "data channel");
    return true;
  } catch (error) {
    if (error instanceof ShapeError) return false;
    throw error;
  }
}
