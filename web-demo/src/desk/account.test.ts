import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SignInFailed, signIn, signInWords, signOut, whoAmI } from "./account";

const asked = vi.fn<typeof fetch>();
const ACCOUNT = { agent: { agent_id: "a_1", name: "Anna", role: "agent" }, may: ["accept"] };

function answers(body: unknown, status = 200, headers: Record<string, string> = {}): void {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  asked.mockImplementation(() => Promise.resolve(new Response(text, { status, headers })));
}

const problem = (code: string) => ({
  error: { code, fault: "client", message: "In its words.", retry: false },
});

beforeEach(() => {
  vi.stubGlobal("fetch", asked);
  asked.mockReset();
});

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("signing in", () => {
  it("sends name and password, and learns who that is", async () => {
    answers(ACCOUNT);
    expect(await signIn("anna", "a long password")).toEqual(ACCOUNT);
    const [path, init] = asked.mock.calls[0] ?? [];
    expect(path).toBe("/api/desk/sign-in");
    expect(JSON.parse(init?.body as string)).toEqual({ name: "anna", password: "a long password" });
  });

  it.each([
    ["wrong_credentials", 401, {}, "do not fit together"],
    ["too_many_tries", 429, { "retry-after": "90" }, "Wait 2 minutes"],
    ["account_disabled", 403, {}, "switched off"],
    ["store_unavailable", 503, {}, "In its words."],
  ])("that fails says why: %s", async (code, status, headers, words) => {
    answers(problem(code), status, headers);
    const failed: unknown = await signIn("anna", "x").catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(SignInFailed);
    expect(signInWords(failed as SignInFailed)).toContain(words);
  });

  it.each([
    ["<html>Bad gateway</html>", 502],
    ["{}", 200],
  ])("that meets something else says that nobody is there: %s", async (body, status) => {
    const complaint = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    answers(body, status);
    await expect(signIn("anna", "x")).rejects.toMatchObject({ code: "unreachable" });
    complaint.mockRestore();
  });

  it("without a network says the same", async () => {
    asked.mockRejectedValue(new TypeError("Failed to fetch"));
    await expect(whoAmI()).rejects.toMatchObject({ code: "unreachable" });
  });
});

describe("who is signed in", () => {
  it("may be nobody", async () => {
    answers(problem("not_signed_in"), 401);
    expect(await whoAmI()).toBeNull();
  });

  it("is not kept from signing out twice", async () => {
    answers(problem("not_signed_in"), 401);
    await expect(signOut()).resolves.toBeUndefined();
    answers(problem("store_unavailable"), 503);
    await expect(signOut()).rejects.toMatchObject({ code: "store_unavailable" });
  });
});
