/** Sound and desktop notification while something rings. */
import { useEffect, useState } from "react";
import type { Offer, QueueInfo } from "./deskWire";
import { notify } from "./notification";
import { queueTitle, reasonWords } from "./plain";
import { Ring } from "./ring";

export function useOfferAlarm(offer: Offer | null, queues: QueueInfo[], sound: boolean): void {
  const [ring] = useState(() => new Ring());
  useEffect(() => {
    const allow = () => ring.allow();
    window.addEventListener("pointerdown", allow);
    window.addEventListener("keydown", allow);
    return () => {
      window.removeEventListener("pointerdown", allow);
      window.removeEventListener("keydown", allow);
      ring.close();
    };
  }, [ring]);

  const lease = offer?.lease ?? null;
  useEffect(() => {
    if (lease === null || !sound) return;
    ring.start();
    return () => ring.stop();
  }, [ring, lease, sound]);

  const title = offer?.channel === "voice" ? "A customer is calling" : "A customer wants to chat";
  const body =
    offer === null ? "" : `${queueTitle(queues, offer.queue)}: ${reasonWords(offer.reason).toLowerCase()}`;
  useEffect(() => (lease === null ? undefined : notify(title, body)), [lease, title, body]);

  useEffect(() => {
    if (lease === null) return;
    const former = document.title;
    document.title = `☎ ${title}`;
    return () => {
      document.title = former;
    };
  }, [lease, title]);
}
