/**
 * What the desk asks of the gateway over HTTP, beside its connection. The sign-in is a cookie that this page
 * cannot read.
 */
import { type Read, ShapeError, parseJson } from "../shape";
import { parseProblem } from "../voiceWire";

const ANSWER_WITHIN_MS = 15_000;
const UNREACHABLE = "The gateway cannot be reached. Check your network.";

/** Nothing came of it; the message is for people. `code` is the gateway's, or `unreachable`. */
export class RequestFailed extends Error {
  override readonly name = "RequestFailed";

  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** Throws `RequestFailed`. */
export async function ask<T>(path: string, read: Read<T>): Promise<T> {
  const text = await (await reach(path, {})).text();
  try {
    return read(parseJson(text), path);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    console.warn("warmline: the gateway's answer is not in the wire's shape:", error.message);
    throw new RequestFailed("unreachable", UNREACHABLE);
  }
}

/** Throws `RequestFailed`. */
export async function post(path: string, body: object): Promise<void> {
  const headers = { "content-type": "application/json" };
  await reach(path, { method: "POST", headers, body: JSON.stringify(body) });
}

async function reach(path: string, init: RequestInit): Promise<Response> {
  const response = await fetched(path, init);
  if (response.ok) return response;
  const problem = parseProblem(await response.text());
  throw new RequestFailed(problem?.code ?? "unreachable", problem?.message ?? UNREACHABLE);
}

async function fetched(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, { ...init, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
  } catch (error) {
    // A network that is gone, or too slow.
    if (error instanceof TypeError || error instanceof DOMException)
      throw new RequestFailed("unreachable", UNREACHABLE);
    throw error;
  }
}
