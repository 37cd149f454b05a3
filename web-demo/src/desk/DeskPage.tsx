/** The agents' page: the sign-in, or the desk of whoever is signed in. */
import { useCallback, useEffect, useRef, useState } from "react";
import { SignInFailed, signInWords, signOut, whoAmI } from "./account";
import type { Account } from "./deskWire";
import { SignIn } from "./SignIn";
import { Workplace } from "./Workplace";

type Who = { is: "unknown"; fault: string | null } | { is: "nobody"; because: string | null } | Known;
type Known = { is: "known"; account: Account };

const OVER = "Your sign-in is over. Please sign in again.";
/** While the gateway is away its doubts come with every attempt to connect. */
const ASK_AGAIN_MS = 5_000;

export function DeskPage() {
  const [who, setWho] = useState<Who>({ is: "unknown", fault: null });
  const [doubts, setDoubts] = useState(0);

  /** Somebody signs out here, so that what follows from it is no surprise. */
  const leaving = useRef(false);
  const find = useCallback(async (was: Who["is"]) => {
    try {
      const account = await whoAmI();
      if (leaving.current) return;
      if (account !== null) setWho({ is: "known", account });
      else setWho({ is: "nobody", because: was === "known" ? OVER : null });
    } catch (error) {
      if (!(error instanceof SignInFailed)) throw error;
      // Whoever is at work stays there: the desk itself says that it is cut off.
      setWho((former) => (former.is === "known" ? former : { is: "unknown", fault: signInWords(error) }));
    }
  }, []);

  useEffect(() => void find("unknown"), [find]);
  useEffect(() => {
    if (doubts === 0) return;
    const timer = setTimeout(() => void find("known"), doubts === 1 ? 0 : ASK_AGAIN_MS);
    return () => clearTimeout(timer);
  }, [doubts, find]);

  const doubt = useCallback(() => setDoubts((count) => count + 1), []);
  const leave = useCallback(async (): Promise<string | null> => {
    leaving.current = true;
    try {
      await signOut();
    } catch (error) {
      if (!(error instanceof SignInFailed)) throw error;
      leaving.current = false;
      return signInWords(error);
    }
    setWho({ is: "nobody", because: null });
    setDoubts(0);
    return null;
  }, []);

  const signedIn = useCallback((account: Account) => {
    leaving.current = false;
    setWho({ is: "known", account });
  }, []);

  switch (who.is) {
    case "known":
      return (
        <Workplace
          key={who.account.agent.agent_id}
          account={who.account}
          doubt={doubt}
          leave={leave}
          renewed={signedIn}
        />
      );
    case "nobody":
      return <SignIn because={who.because} onSignedIn={signedIn} />;
    case "unknown":
      return (
        <main className="sign-in">
          <div className="sign-in-card" role="status">
            {who.fault === null ? (
              <p>One moment…</p>
            ) : (
              <>
                <p className="fault">{who.fault}</p>
                <button type="button" className="wide" onClick={() => void find("unknown")}>
                  Try again
                </button>
              </>
            )}
          </div>
        </main>
      );
  }
}
