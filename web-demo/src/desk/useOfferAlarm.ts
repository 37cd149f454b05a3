/**
 * Sound and desktop notification while something rings: an offer, a colleague who asks, a customer of a chat who
 * calls.
 */
import { useEffect, useState } from "react";
import type { Contact } from "./contact";
import { customerWords } from "./consult";
import type { Consult, Offer, QueueInfo } from "./deskWire";
import { notify } from "./notification";
import { CUSTOMER_CALLS, queueTitle, reasonWords } from "./plain";
import { Ring } from "./ring";

interface Alarm {
  key: string;
  title: string;
  body: string;
}

export function alarmOf(
  offer: Offer | null,
  contacts: Contact[],
  queues: QueueInfo[],
  consult: Consult | null = null,
): Alarm | null {
  const calling = contacts.find(callsNow);
  if (offer !== null) {
    const title = offer.channel === "voice" ? "A customer is calling" : "A customer wants to chat";
    const body = `${queueTitle(queues, offer.queue)}: ${reasonWords(offer.reason).toLowerCase()}`;
    return { key: offer.lease, title, body };
  }
  if (consult !== null) {
    const body = `About ${customerWords(consult)}: ${reasonWords(consult.reason).toLowerCase()}`;
    return { key: consult.consult, title: `${consult.agent} asks you`, body };
  }
  if (calling === undefined) return null;
  return { key: calling.info.session, title: "Your customer is calling", body: "Connect when you are ready." };
}

/** Whether a customer of ours has gone from the chat to a call, and nobody has connected them yet. */
function callsNow({ info, view }: Contact): boolean {
  if (!info.mine || info.state !== "briefing") return false;
  const newest = view.items.findLast((item) => item.kind === "note" && item.fact.type === "handoff.changed");
  if (newest?.kind !== "note" || newest.fact.type !== "handoff.changed") return false;
  return newest.fact.state === "briefing" && newest.fact.reason === CUSTOMER_CALLS;
}

export function useOfferAlarm(alarm: Alarm | null, sound: boolean): void {
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

  const key = alarm?.key ?? null;
  useEffect(() => {
    if (key === null || !sound) return;
    ring.start();
    return () => ring.stop();
  }, [ring, key, sound]);

  const { title, body } = alarm ?? { title: "", body: "" };
  useEffect(() => (key === null ? undefined : notify(title, body)), [key, title, body]);

  useEffect(() => {
    if (key === null) return;
    const former = document.title;
    document.title = `☎ ${title}`;
    return () => {
      document.title = former;
    };
  }, [key, title]);
}
