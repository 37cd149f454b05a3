/** The customer's page: one conversation, the call beside it. */
import { useCallback, useMemo, useRef, useState } from "react";
import { customerFiles } from "../files";
import { openReply } from "../lines";
import { Attach } from "../page/Attach";
import { Notices } from "../page/Notices";
import { ShortcutsDialog } from "../page/ShortcutsDialog";
import { Announcer } from "./Announcer";
import { CallPanel } from "./CallPanel";
import { Composer } from "./Composer";
import { Header } from "./Header";
import { ASK_FOR_PERSON, filesClosedWords } from "./plain";
import { SHORTCUTS, type Shortcut, useShortcuts } from "./shortcuts";
import { Thread } from "./Thread";
import { isInCall, useCall, useEndWithSession } from "./useCall";
import { useConversation } from "./useConversation";
import { Welcome } from "./Welcome";

export function CustomerPage() {
  const conversation = useConversation();
  const { view, send, cancel, credentials } = conversation;
  const files = useMemo(() => customerFiles(credentials), [credentials]);
  const call = useCall(conversation.credentials, conversation.callOver);
  useEndWithSession(view, call);
  const [help, setHelp] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  const askForPerson = useCallback(() => send(ASK_FOR_PERSON), [send]);
  const calling = isInCall(call.state);
  const answering = openReply(view) !== null;
  const blank = view.items.length === 0 && view.pending.length === 0 && view.partial === null;

  const { start, hangUp, toggleMute } = call;
  const act = useCallback(
    (shortcut: Shortcut) => {
      const acts: Record<Shortcut, () => void> = {
        call: calling ? hangUp : start,
        mute: toggleMute,
        person: askForPerson,
        write: () => field.current?.focus(),
        stop: () => answering && cancel(),
        help: () => setHelp(true),
      };
      acts[shortcut]();
    },
    [calling, hangUp, start, toggleMute, askForPerson, answering, cancel],
  );
  useShortcuts(act);

  return (
    <div className="page" data-calling={calling}>
      <Header
        connection={conversation.connection}
        items={view.items}
        notify={conversation.notify}
        showShortcuts={() => setHelp(true)}
      />
      <main>
        <CallPanel call={call} view={view} connection={conversation.connection} askForPerson={askForPerson} />
        <section className="conversation" aria-label="Conversation">
          {blank && !calling ? (
            <Welcome ask={send} />
          ) : (
            <Thread
              view={view}
              files={files}
              notify={conversation.notify}
              connected={conversation.connection === "open"}
              discard={conversation.discard}
              sendAgain={send}
            />
          )}
          <Notices notices={conversation.notices} dismiss={conversation.dismiss} />
          {view.ended === null ? (
            <Composer
              field={field}
              inCall={calling}
              answering={answering}
              send={send}
              typing={conversation.typing}
              stop={cancel}
              attach={
                <Attach
                  files={files}
                  closed={filesClosedWords(
                    conversation.connection === "open",
                    view.handoff?.floor === "human",
                  )}
                  notify={conversation.notify}
                />
              }
            />
          ) : (
            <div className="over">
              <button type="button" className="wide wide-strong" onClick={conversation.startOver}>
                Start a new conversation
              </button>
            </div>
          )}
        </section>
      </main>
      <Announcer view={view} call={call.state} />
      <ShortcutsDialog open={help} shortcuts={SHORTCUTS} onClose={() => setHelp(false)} />
    </div>
  );
}
