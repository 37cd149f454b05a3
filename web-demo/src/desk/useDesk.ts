/** Joins the desk's connection and its state to React: one desk for the whole page. */
import { useCallback, useEffect, useMemo, useReducer, useRef, useState } from "react";
import type { ConnectionState } from "../connection";
import { newId } from "../newId";
import { useNotices } from "../page/useNotices";
import { openSocket } from "../socket";
import { ActionFailed } from "./actions";
import { endWords } from "./consult";
import { Desk } from "./desk";
import { type DeskState, START, reduce } from "./deskState";
import type { Action, DeskFrame, LiveSession, Me, SuperviseMode } from "./deskWire";

export interface DeskControl {
  state: DeskState;
  connection: ConnectionState;
  /** So many times the gateway greeted us. */
  welcomes: number;
  notices: ReturnType<typeof useNotices>;
  /** Does something; whether it was done. What went wrong is shown as a notice. */
  act: (action: Action) => Promise<boolean>;
  setPresence: (state: Me["state"], voice: boolean) => void;
  mute: (session: string, on: boolean) => Promise<boolean>;
  say: (session: string, text: string) => void;
  typing: (session: string) => void;
  draft: (session: string, text: string) => void;
  discard: (session: string, id: string) => void;
  /** After the gateway closed the connection for good. */
  reconnect: () => void;
  choose: (session: string) => void;
  look: (live: LiveSession) => void;
  ask: (session: string, text: string) => void;
  runTool: (
    session: string,
    tool: string,
    given: Record<string, unknown>,
    confirmed: boolean,
  ) => Promise<boolean>;
  supervise: (session: string, mode: SuperviseMode) => Promise<boolean>;
}

/** `onDoubt` is told when the sign-in may be over. */
export function useDesk(onDoubt: () => void): DeskControl {
  const [state, dispatch] = useReducer(reduce, START);
  const [connection, setConnection] = useState<ConnectionState>("connecting");
  const [welcomes, setWelcomes] = useState(0);
  const notices = useNotices();
  const { notify } = notices;
  const desk = useRef<Desk>(null);
  const modes = useRef<[session: string, mode: SuperviseMode][]>([]);
  useEffect(() => {
    modes.current = Object.values(state.contacts).map(({ info, mode }) => [info.session, mode]);
  }, [state.contacts]);

  useEffect(() => {
    // A gateway that was restarted knows nothing of those who listened in.
    const listenAgain = () => {
      for (const [session, mode] of modes.current) {
        if (mode === "off" || mode === "take_over") continue;
        connected
          .act({ type: "supervise", session, mode })
          .done.catch(() => dispatch({ type: "mode", session, mode: "off" }));
      }
    };
    const onFrame = (frame: DeskFrame) => {
      dispatch({ type: "frame", frame, nowS: Date.now() / 1000 });
      if (frame.type === "welcome") {
        setWelcomes((count) => count + 1);
        listenAgain();
      }
      const words = noticeWords(frame);
      if (words !== null) notify(words);
    };
    const connected = new Desk(
      { open: () => openSocket("/desk/live"), newId, random: Math.random },
      {
        state: setConnection,
        frame: onFrame,
        sent: (session, id, text) => dispatch({ type: "sent", session, id, text, at: Date.now() / 1000 }),
        stored: (session, id) => dispatch({ type: "stored", session, id }),
        refused: (session, id, reason) => dispatch({ type: "refused", session, id, reason }),
        lost: (session) => {
          dispatch({ type: "lost", session });
          notify("A contact is no longer yours: it went on while your connection was away.");
        },
        doubt: onDoubt,
      },
    );
    desk.current = connected;
    connected.start();
    const retry = () => connected.retryNow();
    const look = () => document.visibilityState === "visible" && connected.retryNow();
    window.addEventListener("online", retry);
    window.addEventListener("offline", retry);
    document.addEventListener("visibilitychange", look);
    return () => {
      window.removeEventListener("online", retry);
      window.removeEventListener("offline", retry);
      document.removeEventListener("visibilitychange", look);
      connected.stop();
    };
  }, [notify, onDoubt]);

  const reconnect = useCallback(() => desk.current?.start(), []);
  const begin = useCallback((action: Action) => desk.current?.act(action) ?? null, []);
  const finish = useCallback(
    async (begun: ReturnType<typeof begin>, failed?: (id: string, reason: string) => void) => {
      if (begun === null) return false;
      try {
        await begun.done;
        return true;
      } catch (error) {
        if (!(error instanceof ActionFailed)) throw error;
        if (failed !== undefined) failed(begun.id, error.message);
        else if (error.message !== "") notify(error.message);
        return false;
      }
    },
    [notify],
  );

  return useMemo(
    () => ({
      state,
      connection,
      welcomes,
      notices,
      act: (action) => finish(begin(action)),
      setPresence: (presence, voice) => {
        dispatch({ type: "presence", state: presence, voice });
        void finish(begin({ type: "presence", state: presence, voice }));
      },
      mute: async (session, on) => {
        dispatch({ type: "muted", session, on });
        const done = await finish(begin({ type: "mute", session, on }));
        if (!done) dispatch({ type: "muted", session, on: !on });
        return done;
      },
      say: (session, text) => {
        dispatch({ type: "draft", session, text: "" });
        desk.current?.say(session, text);
      },
      typing: (session) => desk.current?.typing(session),
      draft: (session, text) => dispatch({ type: "draft", session, text }),
      discard: (session, id) => dispatch({ type: "discarded", session, id }),
      reconnect,
      choose: (session) => dispatch({ type: "choose", session }),
      look: (live) => {
        dispatch({ type: "look", live });
        desk.current?.watch(live.session);
      },
      ask: (session, text) => {
        const begun = begin({ type: "ask", session, text });
        if (begun === null) return;
        dispatch({ type: "asked", session, id: begun.id, text });
        void finish(begun, (id, reason) => dispatch({ type: "failed", session, id, reason }));
      },
      runTool: (session, tool, given, confirmed) => {
        const begun = begin({ type: "run_tool", session, tool, arguments: given, confirmed });
        if (begun !== null) dispatch({ type: "ran", session, id: begun.id, tool });
        return finish(begun, (id, reason) => dispatch({ type: "failed", session, id, reason }));
      },
      supervise: async (session, mode) => {
        const done = await finish(begin({ type: "supervise", session, mode }));
        if (done || mode === "off") dispatch({ type: "mode", session, mode });
        if (mode === "off") desk.current?.unwatch(session);
        return done;
      },
    }),
    [state, connection, welcomes, notices, reconnect, begin, finish],
  );
}

/** What is told beside what the desk shows anyway. */
function noticeWords(frame: DeskFrame): string | null {
  switch (frame.type) {
    case "me":
      return frame.reason === "missed" ? "You missed an offer, so you are away now." : null;
    case "offer.ended":
      return frame.why === "withdrawn" ? "The customer no longer waits, so the offer is gone." : null;
    case "consult":
      return frame.state === "over" ? endWords(frame) : null;
    case "error":
      return frame.message;
    default:
      return null;
  }
}
