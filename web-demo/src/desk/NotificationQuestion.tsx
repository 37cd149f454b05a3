/** Asks once whether offers may be shown as desktop notifications, when the agent begins to take contacts. */
import { useState } from "react";
import { dismiss, permission, requestPermission } from "./notification";

export function NotificationQuestion({ available }: { available: boolean }) {
  const [state, setState] = useState(permission);
  if (state !== "ask" || !available) return null;
  return (
    <section className="question-card" aria-label="Notifications">
      <p>Shall we tell you on your desktop when a customer rings and this page is in the background?</p>
      <div className="buttons">
        <button type="button" className="small" onClick={() => setState(dismiss())}>
          No, thanks
        </button>
        <button
          type="button"
          className="small small-strong"
          onClick={() => void requestPermission().then(setState)}
        >
          Yes
        </button>
      </div>
    </section>
  );
}
