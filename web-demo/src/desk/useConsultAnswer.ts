/** Saying yes or no to a colleague who asks, once each. */
import { useState } from "react";
import type { Consult } from "./deskWire";
import type { DeskControl } from "./useDesk";

export function useConsultAnswer(ringing: Consult | null, act: DeskControl["act"]) {
  const [answering, setAnswering] = useState<string | null>(null);
  const answer = (answer: "accept" | "decline") => {
    if (ringing === null || answering === ringing.consult) return;
    const { session, consult } = ringing;
    setAnswering(consult);
    void act({ type: "consult_answer", session, consult, answer }).then((done) => {
      if (!done) setAnswering(null);
    });
  };
  return { answering: ringing !== null && answering === ringing.consult, answer };
}
