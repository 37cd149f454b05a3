/** What survives a reload of the page: which session this tab is in, and messages without an `ack`. */
import { type Of, ShapeError, list, object, or, string } from "./shape";

const memory = object({
  credentials: or(object({ session: string, token: string }), null),
  outbox: list(object({ id: string, text: string })),
});

export type Memory = Of<typeof memory>;
export type Credentials = NonNullable<Memory["credentials"]>;

export const FRESH: Memory = { credentials: null, outbox: [] };

const KEY = "warmline.session";

/** The part of `Storage` that is used; session storage in the page, so a second tab is a second customer. */
export type Shelf = Pick<Storage, "getItem" | "setItem">;

/** What was kept; a fresh start when there is nothing or it is not readable. */
export function recall(shelf: Shelf): Memory {
  try {
    return memory(JSON.parse(shelf.getItem(KEY) ?? "null") ?? FRESH, KEY);
  } catch (error) {
    if (error instanceof ShapeError || error instanceof SyntaxError || error instanceof DOMException)
      return FRESH;
    throw error;
  }
}

/** Keeps `kept`. A browser that refuses to store (private mode, full) only loses the resume after a reload. */
export function remember(shelf: Shelf, kept: Memory): void {
  try {
    shelf.setItem(KEY, JSON.stringify(kept));
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
}
