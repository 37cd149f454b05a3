/** Signing in and out over HTTP. The sign-in itself is a cookie that this page cannot read. */
import { ShapeError } from "../shape";
import { parseProblem } from "../voiceWire";
import { type Account, parseAccount } from "./deskWire";

const ANSWER_WITHIN_MS = 15_000;

/** Not signed in, and why. `code` is the gateway's, or `unreachable`. */
export class SignInFailed extends Error {
  override readonly name = "SignInFailed";

  constructor(
    readonly code: string,
    message = "",
    /** Seconds until it makes sense to try again, if the gateway said so. */
    readonly againInS: number | null = null,
  ) {
    super(message);
  }
}

/** Throws `SignInFailed`. */
export async function signIn(name: string, password: string): Promise<Account> {
  return accountOf(await post("/api/desk/sign-in", { name, password }));
}

/** Throws `SignInFailed` when the gateway cannot be told. */
export async function signOut(): Promise<void> {
  const response = await post("/api/desk/sign-out", {});
  // Whoever is signed out already is not to be kept.
  if (!response.ok && response.status !== 401) throw await failure(response);
}

/** Another password of one's own; all other sign-ins end. Throws `SignInFailed`. */
export async function changePassword(current: string, wanted: string): Promise<Account> {
  return accountOf(await post("/api/desk/password", { current, new: wanted }));
}

/** Who is signed in; null when nobody is. Throws `SignInFailed` when that cannot be found out. */
export async function whoAmI(): Promise<Account | null> {
  const response = await reach("/api/desk/me", {});
  return response.status === 401 ? null : accountOf(response);
}

function post(path: string, body: object): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return reach(path, { method: "POST", headers, body: JSON.stringify(body) });
}

async function reach(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, { ...init, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
  } catch (error) {
    // A network that is gone, or too slow.
    if (error instanceof TypeError || error instanceof DOMException) throw new SignInFailed("unreachable");
    throw error;
  }
}

async function accountOf(response: Response): Promise<Account> {
  if (!response.ok) throw await failure(response);
  try {
    return parseAccount(await response.text());
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    console.warn("warmline: the gateway's answer is not in the wire's shape:", error.message);
    throw new SignInFailed("unreachable");
  }
}

async function failure(response: Response): Promise<SignInFailed> {
  const problem = parseProblem(await response.text());
  const again = Number(response.headers.get("retry-after") ?? NaN);
  return new SignInFailed(
    problem?.code ?? "unreachable",
    problem?.message,
    Number.isFinite(again) ? again : null,
  );
}

/** What to tell who tried. */
export function signInWords({ code, message, againInS }: SignInFailed): string {
  switch (code) {
    case "wrong_credentials":
      return "Name and password do not fit together. Check both and try again.";
    case "too_many_tries":
      return `Too many tries. Wait ${againInS === null ? "a few minutes" : waitWords(againInS)}, then try again.`;
    case "account_disabled":
      return "This account is switched off. Ask whoever looks after your team's accounts.";
    case "unreachable":
      return "The gateway cannot be reached. Check your network and try again.";
    default:
      return message === "" ? "Signing in did not work. Try again in a moment." : message;
  }
}

function waitWords(seconds: number): string {
  if (seconds < 60) return seconds === 1 ? "a second" : `${seconds} seconds`;
  const minutes = Math.ceil(seconds / 60);
  return minutes === 1 ? "a minute" : `${minutes} minutes`;
}
