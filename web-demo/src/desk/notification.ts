/**
 * Desktop notifications of offers, for pages that nobody looks at. They name no customer: screens are shared.
 */

export type Permission = "unsupported" | "ask" | "granted" | "denied";

const DISMISSED = "warmline.notifications";

export function permission(): Permission {
  if (typeof Notification === "undefined" || !window.isSecureContext) return "unsupported";
  if (Notification.permission !== "default") return Notification.permission;
  return localStorage.getItem(DISMISSED) === null ? "ask" : "denied";
}

/** Shows the browser's question; call it within a click. */
export async function requestPermission(): Promise<Permission> {
  await Notification.requestPermission();
  return permission();
}

/** Do not ask again. */
export function dismiss(): Permission {
  localStorage.setItem(DISMISSED, "dismissed");
  return permission();
}

/** Returns what takes the notification away again. */
export function notify(title: string, body: string): () => void {
  if (permission() !== "granted" || document.visibilityState === "visible") return () => undefined;
  const shown = new Notification(title, { body, tag: "warmline-offer", requireInteraction: true });
  shown.onclick = () => {
    window.focus();
    shown.close();
  };
  return () => shown.close();
}
