/**
 * The desk of a signed-in agent: contacts and queue, the conversation, what is known; beside it what rings.
 */
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { Notices } from "../page/Notices";
import { ShortcutsDialog } from "../page/ShortcutsDialog";
import { Voice } from "../page/Voice";
import type { CallDialog } from "./CallBar";
import { CallDialogs } from "./CallDialogs";
import { isTalking } from "./contact";
import { ContactList } from "./ContactList";
import { Conversation } from "./Conversation";
import { DeskAnnouncer } from "./DeskAnnouncer";
import { currentCall, speaks } from "./calls";
import { chosenContact, inOrder } from "./deskState";
import type { Account, DeclineReason, LiveSession } from "./deskWire";
import { FollowUps } from "./FollowUps";
import { type DeskView, Header } from "./Header";
import { KEYS, type Key, useKeys } from "./keys";
import { Measures } from "./Measures";
import { NotificationQuestion } from "./NotificationQuestion";
import { OfferCard } from "./OfferCard";
import { type Pane, Panes } from "./Panes";
import { PasswordDialog } from "./PasswordDialog";
import { Presence } from "./Presence";
import { QueueList } from "./QueueList";
import { Sessions } from "./Sessions";
import { Side, type SideTab } from "./Side";
import { SignOutDialog } from "./SignOutDialog";
import { goToTurn } from "./turns";
import { useDesk } from "./useDesk";
import { useFollowUps } from "./useFollowUps";
import { useLine } from "./useLine";
import { useNow } from "./useNow";
import { alarmOf, useOfferAlarm } from "./useOfferAlarm";
import { useSound } from "./useSound";

interface Props {
  account: Account;
  /** The sign-in may be over. */
  doubt: () => void;
  /** Signs out; returns why that did not work. */
  leave: () => Promise<string | null>;
  /** Signed in anew, with another password. */
  renewed: (account: Account) => void;
}

/** States in which a customer loses somebody when the agent leaves. */
const WITH_US = new Set(["briefing", "bridging", "human_active"]);

export function Workplace({ account, doubt, leave, renewed }: Props) {
  const control = useDesk(doubt);
  const { state, act, setPresence, choose } = control;
  const { notify } = control.notices;
  const contact = chosenContact(state);
  const contacts = inOrder(state);
  const line = useLine({
    wanted:
      state.voice && ((state.me.voice && state.me.state === "available") || currentCall(state) !== null),
    speaks: speaks(state),
    welcomes: control.welcomes,
  });
  const now = useNow(state.aheadS);
  const [view, setView] = useState<DeskView>(account.may.includes("accept") ? "desk" : "sessions");
  const [pane, setPane] = useState<Pane>("contacts");
  const [tab, setTab] = useState<SideTab>("briefing");
  const [dialog, setDialog] = useState<CallDialog | null>(null);
  const [help, setHelp] = useState(false);
  const [leaving, setLeaving] = useState(false);
  const [renewing, setRenewing] = useState(false);
  const [sound, setSound] = useSound();
  const field = useRef<HTMLTextAreaElement>(null);

  const offer = state.offers[0] ?? null;
  useOfferAlarm(alarmOf(offer, contacts, state.queues), sound);
  const { busy, declining, setDeclining, accept, decline } = useOffer(offer?.lease ?? null, act);

  const owed = useFollowUps({
    may: account.may.includes("follow_up"),
    shown: view === "follow_ups",
    contacts: contacts.length,
    onDoubt: doubt,
    notify,
  });

  useComeBack(account, control);

  const session = contact?.info.session ?? null;
  // A dialog belongs to the contact for which it was opened; another one comes with its conversation.
  useLayoutEffect(() => {
    setDialog(null);
    setTab("briefing");
    setPane(session === null ? "contacts" : "conversation");
  }, [session]);
  useLeaveWarning(contacts.some((one) => one.info.mine && (one.view.pending.length > 0 || isTalking(one))));

  const open = (wanted: string) => {
    choose(wanted);
    setPane("conversation");
  };
  const look = (live: LiveSession) => {
    control.look(live);
    setView("desk");
  };
  const go = useCallback(
    (turn: string) => {
      if (session === null) return;
      setPane("conversation");
      requestAnimationFrame(() => {
        if (!goToTurn(session, turn)) notify("That turn is not in the transcript.");
      });
    },
    [session, notify],
  );
  const write = useCallback(() => {
    setView("desk");
    setPane("conversation");
    requestAnimationFrame(() => field.current?.focus());
  }, []);
  const showTab = useCallback((wanted: SideTab, focus: string | null) => {
    setView("desk");
    setTab(wanted);
    setPane("side");
    requestAnimationFrame(() => document.getElementById(focus ?? "side-panel")?.focus());
  }, []);
  const insert = (text: string) => {
    if (session === null) return;
    control.draft(session, text);
    write();
  };
  const step = (by: number) => {
    const at = contacts.findIndex(({ info }) => info.session === session);
    const next = contacts[(at + by + contacts.length) % contacts.length];
    if (next !== undefined) choose(next.info.session);
  };

  const mine = contact !== null && contact.info.mine ? contact : null;
  const acts: Record<Key, () => void> = {
    accept: () => {
      if (offer !== null) accept();
      else if (mine?.info.state === "briefing") void act({ type: "connect", session: mine.info.session });
    },
    decline: () => setDeclining(offer !== null),
    presence: () =>
      account.may.includes("accept") &&
      setPresence(state.me.state === "away" ? "available" : "away", state.me.voice),
    previous: () => step(-1),
    next: () => step(1),
    mute: () => mine !== null && isTalking(mine) && void control.mute(mine.info.session, !mine.info.muted),
    hold: () => {
      if (mine === null || !isTalking(mine)) return;
      void act({ type: "hold", session: mine.info.session, on: !mine.info.hold });
    },
    keypad: () => mine !== null && isTalking(mine) && setDialog("keypad"),
    handBack: () => mine?.info.state === "human_active" && setDialog("handBack"),
    transfer: () => mine?.info.state === "human_active" && setDialog("transfer"),
    end: () => mine?.info.state === "human_active" && setDialog("end"),
    write,
    ask: () => contact !== null && showTab("copilot", "ask"),
    note: () => contact !== null && showTab("notes", "note"),
    briefing: () => contact !== null && showTab("briefing", null),
    help: () => setHelp(true),
  };
  useKeys((key) => acts[key]());

  const supervises = account.may.includes("supervise");
  const customers = contacts.filter(({ info }) => info.mine && WITH_US.has(info.state)).length;
  const signOut = async () => {
    const fault = await leave();
    if (fault !== null) notify(fault);
  };

  return (
    <div className="desk-page">
      <Header
        account={account}
        connection={control.connection}
        reconnect={control.reconnect}
        view={view}
        show={setView}
        owed={owed.count}
        sound={sound}
        setSound={setSound}
        showKeys={() => setHelp(true)}
        changePassword={() => setRenewing(true)}
        leave={() => (customers === 0 ? signOut() : Promise.resolve(setLeaving(true)))}
      />
      {view === "sessions" && <Sessions state={state} now={now} open={supervises ? look : null} />}
      {view === "follow_ups" && (
        <FollowUps control={owed} state={state} now={now} open={supervises ? look : null} />
      )}
      {view === "measures" && <Measures queues={state.queues} onDoubt={doubt} />}
      {(view === "desk" || account.may.includes("accept")) && (
        // It stays where it is while another view is looked at: notes that are half written are in it.
        <main className="desk" data-pane={pane} hidden={view !== "desk"}>
          <div className="sidebar">
            <Presence state={state} line={line} setPresence={setPresence} />
            <NotificationQuestion available={state.me.state === "available"} />
            <ContactList contacts={contacts} chosen={session} now={now} choose={open} />
            <QueueList waiting={state.waiting} queues={state.queues} now={now} />
          </div>
          <section className="conversation" id="conversation" tabIndex={-1} aria-label="Conversation">
            {contact === null ? (
              <p className="nothing">
                {state.me.state === "available" ? "You are available. Customers ring here." : "You are away."}
              </p>
            ) : (
              <Conversation
                key={contact.info.session}
                contact={contact}
                control={control}
                line={line}
                now={now}
                field={field}
                openDialog={setDialog}
              />
            )}
          </section>
          <aside className="side" id="side" tabIndex={-1} aria-label="About this contact">
            {contact === null ? (
              <p className="nothing">What is known of a customer stands here.</p>
            ) : (
              <Side
                key={contact.info.session}
                contact={contact}
                control={control}
                tab={tab}
                show={setTab}
                go={go}
                insert={insert}
              />
            )}
          </aside>
          <Panes pane={pane} show={setPane} unread={contacts.reduce((sum, { unread }) => sum + unread, 0)} />
        </main>
      )}
      {offer !== null && (
        <OfferCard
          key={offer.lease}
          offer={offer}
          more={state.offers.length - 1}
          queues={state.queues}
          now={now}
          busy={busy}
          declining={declining}
          setDeclining={setDeclining}
          accept={() => {
            setView("desk");
            accept();
          }}
          decline={decline}
        />
      )}
      {mine !== null && (
        <CallDialogs
          key={mine.info.session}
          dialog={dialog}
          contact={mine}
          control={control}
          close={() => setDialog(null)}
        />
      )}
      <Voice stream={line.voice} />
      <Notices notices={control.notices.notices} dismiss={control.notices.dismiss} />
      <DeskAnnouncer offer={offer} queues={state.queues} contact={contact} connection={control.connection} />
      <ShortcutsDialog open={help} shortcuts={KEYS} onClose={() => setHelp(false)} />
      <PasswordDialog
        open={renewing}
        customers={customers}
        changed={renewed}
        close={() => setRenewing(false)}
      />
      <SignOutDialog open={leaving} customers={customers} signOut={signOut} close={() => setLeaving(false)} />
    </div>
  );
}

/** Accepting or declining what rings, once each. */
function useOffer(lease: string | null, act: ReturnType<typeof useDesk>["act"]) {
  const [answering, setAnswering] = useState<string | null>(null);
  const [declining, setDeclining] = useState<string | null>(null);
  const answer = (action: Parameters<typeof act>[0]) => {
    if (lease === null || answering === lease) return;
    setAnswering(lease);
    void act(action).then((done) => {
      if (!done) setAnswering(null);
    });
  };
  return {
    busy: lease !== null && answering === lease,
    declining: lease !== null && declining === lease,
    setDeclining: (on: boolean) => setDeclining(on ? lease : null),
    accept: () => lease !== null && answer({ type: "accept", lease }),
    decline: (reason: DeclineReason) => lease !== null && answer({ type: "decline", lease, reason }),
  };
}

/** The gateway closed the connection, but we are still signed in (or anew): connect again. */
function useComeBack(account: Account, { connection, reconnect }: ReturnType<typeof useDesk>): void {
  const closed = useRef(false);
  useEffect(() => {
    closed.current = connection === "closed";
  }, [connection]);
  useEffect(() => {
    if (closed.current) reconnect();
  }, [account, reconnect]);
}

/** A tab that is closed by accident takes the call with it. */
function useLeaveWarning(on: boolean): void {
  useEffect(() => {
    if (!on) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [on]);
}
