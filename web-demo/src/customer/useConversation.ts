/** Joins the chat connection and the fold of events to React: one conversation for the whole page. */
import { useCallback, useEffect, useMemo, useReducer, useRef, useState } from "react";
import { Chat, type ChatState } from "../chat";
import type { Credentials } from "../memory";
import { newId } from "../newId";
import { type Notice, useNotices } from "../page/useNotices";
import { EMPTY, type View, reduce } from "../session";
import { openSocket } from "../socket";
import { Waiting } from "../waiting";
import type { ErrorFrame } from "../wire";

export interface Conversation {
  view: View;
  connection: ChatState;
  notices: Notice[];
  dismiss: (id: number) => void;
  notify: (text: string) => void;
  send: (text: string) => void;
  typing: () => void;
  /** Stops the reply under way. */
  cancel: () => void;
  startOver: () => void;
  discard: (messageId: string) => void;
  callOver: () => void;
  /** The session to call in, once there is one. Rejects with `CallFailed`. */
  credentials: () => Promise<Credentials>;
}

const CREDENTIALS_WITHIN_MS = 10_000;

/** The connection is closed after these and comes back by itself; its mark in the page's head says enough. */
const SILENT = new Set(["fell_behind", "draining"]);

function errorWords(error: ErrorFrame): string {
  switch (error.code) {
    case "unknown_session":
    case "bad_token":
      return "Your earlier conversation could not be continued, so a new one was started.";
    case "protocol_unsupported":
      return "This page is out of date. Please reload it.";
    default:
      return error.message;
  }
}

export function useConversation(): Conversation {
  const [view, dispatch] = useReducer(reduce, EMPTY);
  const [connection, setConnection] = useState<ChatState>("connecting");
  const { notices, notify, dismiss } = useNotices();
  const credentials = useMemo(() => new Waiting<Credentials>(CREDENTIALS_WITHIN_MS), []);
  const chat = useRef<Chat>(null);

  useEffect(() => {
    const connected = new Chat(
      { open: () => openSocket("/chat"), shelf: sessionStorage, newId, random: Math.random },
      {
        state: (state) => {
          setConnection(state);
          if (state !== "open") credentials.clear();
        },
        session: (found) => {
          dispatch({ type: "session", session: found.session });
          credentials.set(found);
        },
        event: (event) => dispatch({ type: "event", event }),
        sent: (id, text) => dispatch({ type: "sent", id, text, at: Date.now() / 1000 }),
        stored: (id) => dispatch({ type: "stored", id }),
        refused: (id, error) => dispatch({ type: "refused", id, reason: errorWords(error) }),
        discarded: (id) => dispatch({ type: "discarded", id }),
        failed: (error) => SILENT.has(error.code) || notify(errorWords(error)),
      },
    );
    chat.current = connected;
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
  }, [credentials, notify]);

  return {
    view,
    connection,
    notices,
    dismiss,
    notify,
    send: useCallback((text: string) => void chat.current?.send(text), []),
    typing: useCallback(() => chat.current?.typing(), []),
    cancel: useCallback(() => chat.current?.cancel(), []),
    startOver: useCallback(() => chat.current?.startOver(), []),
    discard: useCallback((id: string) => dispatch({ type: "discarded", id }), []),
    callOver: useCallback(() => dispatch({ type: "call.over" }), []),
    credentials: useCallback(() => credentials.get(), [credentials]),
  };
}
