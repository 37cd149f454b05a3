/** The gateway's draft of what is written down of a contact; null while there is none, or where none can be had. */
import { useEffect, useState } from "react";
import { object, string } from "../shape";
import type { Briefing } from "./briefing";
import { RequestFailed, ask } from "./request";
import { asFailure } from "./usePolled";

const draft = object({ text: string });

/** Drafted anew when the briefing learns something. */
export function useWrapUpDraft(session: string, briefing: Briefing | null): string | null {
  const [drafted, setDrafted] = useState<string | null>(null);
  useEffect(() => {
    let here = true;
    const look = async () => {
      const path = `/api/desk/wrap-up?session=${encodeURIComponent(session)}`;
      const found = await ask(path, draft).catch(asFailure);
      if (here && !(found instanceof RequestFailed)) setDrafted(found.text);
    };
    void look();
    return () => {
      here = false;
    };
  }, [session, briefing]);
  return drafted;
}
