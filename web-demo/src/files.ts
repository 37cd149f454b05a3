/** Files over HTTP ("Files" in docs/wire.md): up with progress, down as bytes. */
import { CallFailed } from "./callFailed";
import type { Credentials } from "./memory";
import { type Of, ShapeError, list, number, object, parseJson, string } from "./shape";
import { parseProblem } from "./voiceWire";

const rules = object({ size_bytes: number, count: number, types: list(string) });
export type FileRules = Of<typeof rules>;

/** The body of `GET /api/files`. Throws `ShapeError`. */
export function parseFileRules(json: string): FileRules {
  return rules(parseJson(json), "rules");
}

/** A file did not come through. `code` is the gateway's, `unreachable` or `cancelled`. */
export class FileFailed extends Error {
  override readonly name = "FileFailed";

  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** The files of one conversation. Both reject with `FileFailed`. */
export interface FileExchange {
  /** `progress` is told which part of the file, 0 to 1, has left this machine. */
  send: (file: File, progress: (part: number) => void, signal: AbortSignal) => Promise<void>;
  fetch: (fileId: string) => Promise<Blob>;
}

/** What a file dialog offers; the gateway looks at the bytes. */
export const OFFERED_TYPES = "image/png,image/jpeg,image/webp,image/gif,application/pdf,text/plain";

const RULES_PATH = "/api/files";
const ANSWER_WITHIN_MS = 15_000;
const FETCHED_WITHIN_MS = 120_000;

interface Door {
  session: string;
  headers: Record<string, string>;
}

/** The files of the customer's own session. */
export function customerFiles(credentials: () => Promise<Credentials>): FileExchange {
  return exchange("/api/files", async () => {
    const { session, token } = await credentials();
    return { session, headers: { authorization: `Bearer ${token}` } };
  });
}

/** The files of a contact at the desk; the sign-in is a cookie. */
export function deskFiles(session: string): FileExchange {
  return exchange("/api/desk/files", () => Promise.resolve({ session, headers: {} }));
}

function exchange(path: string, open: () => Promise<Door>): FileExchange {
  return {
    send: async (file, progress, signal) => {
      const refusal = refusalOf(file, await findRules());
      if (refusal !== null) throw refusal;
      const { session, headers } = await enter(open);
      await post(`${path}?${new URLSearchParams({ session })}`, headers, file, progress, signal);
    },
    fetch: async (fileId) => {
      const { session, headers } = await enter(open);
      const address = `${path}/${encodeURIComponent(fileId)}?${new URLSearchParams({ session })}`;
      const response = await reach(address, headers, FETCHED_WITHIN_MS);
      if (!response.ok) throw failure(await response.text());
      try {
        return await response.blob();
      } catch (error) {
        throw lost(error);
      }
    },
  };
}

/** Why the gateway would refuse this file, as far as that is known before it is sent. */
export function refusalOf(file: Pick<File, "name" | "size">, known: FileRules | null): FileFailed | null {
  if (file.size === 0) return new FileFailed("empty_file", `${file.name} is empty.`);
  if (known === null || file.size <= known.size_bytes) return null;
  const [most, size] = [sizeWords(known.size_bytes), sizeWords(file.size)];
  return new FileFailed("too_large", `A file may have ${most}; ${file.name} has ${size}.`);
}

/** E.g. 482113 → "482 kB". */
export function sizeWords(bytes: number): string {
  if (bytes < 1_000) return bytes === 1 ? "1 byte" : `${bytes} bytes`;
  if (bytes < 999_500) return `${Math.round(bytes / 1_000)} kB`;
  const tenths = Math.round(bytes / 100_000) / 10;
  return `${tenths >= 10 ? Math.round(tenths) : tenths} MB`;
}

const KINDS: Record<string, string> = {
  "image/png": "PNG picture",
  "image/jpeg": "JPEG picture",
  "image/webp": "WebP picture",
  "image/gif": "GIF picture",
  "application/pdf": "PDF",
  "text/plain": "Text",
};

export function kindWords(mediaType: string): string {
  return KINDS[mediaType] ?? mediaType;
}

/** Null: the gateway does not say, and decides when the file comes. */
async function findRules(): Promise<FileRules | null> {
  try {
    const response = await reach(RULES_PATH, {}, ANSWER_WITHIN_MS);
    return response.ok ? parseFileRules(await response.text()) : null;
  } catch (error) {
    if (error instanceof FileFailed || error instanceof ShapeError) return null;
    throw error;
  }
}

async function enter(open: () => Promise<Door>): Promise<Door> {
  try {
    return await open();
  } catch (error) {
    if (error instanceof CallFailed) throw unreachable();
    throw error;
  }
}

async function reach(path: string, headers: Door["headers"], withinMs: number): Promise<Response> {
  try {
    return await fetch(path, { headers, signal: AbortSignal.timeout(withinMs) });
  } catch (error) {
    throw lost(error);
  }
}

/** A network that is gone, or too slow; our own faults stay what they are. */
function lost(error: unknown): unknown {
  return error instanceof TypeError || error instanceof DOMException ? unreachable() : error;
}

/** `fetch` tells nothing of what has left the machine, so this is the older way. */
function post(
  address: string,
  headers: Door["headers"],
  file: File,
  progress: (part: number) => void,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open("POST", address);
    const named = {
      ...headers,
      "content-type": "application/octet-stream",
      "warmline-file-name": encodeName(file.name),
    };
    for (const [name, value] of Object.entries(named)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => progress(total > 0 ? loaded / total : 0);
    request.onload = () => (request.status === 201 ? done() : failed(failure(request.responseText)));
    request.onerror = () => failed(unreachable());
    request.onabort = () => failed(new FileFailed("cancelled", ""));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(file);
  });
}

/** A name may hold half of a character, which cannot be encoded. */
function encodeName(name: string): string {
  return encodeURIComponent(name.replace(/\p{Cs}/gu, ""));
}

function unreachable(): FileFailed {
  return new FileFailed("unreachable", "The connection failed. Try again in a moment.");
}

function failure(body: string): FileFailed {
  const problem = parseProblem(body);
  return problem === null ? unreachable() : new FileFailed(problem.code, problem.message);
}
