/** The middle of the desk: the chosen contact's bar, transcript, and what the agent writes or wraps up. */
import { type RefObject, useMemo } from "react";
import { deskFiles } from "../files";
import { Attach } from "../page/Attach";
import { CallBar, type CallDialog } from "./CallBar";
import { consultedOn } from "./consult";
import { ConsultedBar } from "./ConsultBar";
import { Composer } from "./Composer";
import { type Contact, isByTelephone } from "./contact";
import { SparkIcon } from "./icons";
import { SupervisorBar } from "./SupervisorBar";
import { Transcript } from "./Transcript";
import type { DeskControl } from "./useDesk";
import type { Line } from "./useLine";
import { WrapUp } from "./WrapUp";

interface Props {
  contact: Contact;
  control: DeskControl;
  line: Line;
  now: number;
  field: RefObject<HTMLTextAreaElement | null>;
  openDialog: (dialog: CallDialog) => void;
}

export function Conversation({ contact, control, line, now, field, openDialog }: Props) {
  const { info } = contact;
  const { session } = info;
  const agentId = control.state.agent?.agent_id ?? "";
  const consult = consultedOn(control.state.consults, session);
  const files = useMemo(() => deskFiles(session), [session]);
  return (
    <>
      {info.mine ? (
        <CallBar contact={contact} control={control} now={now} open={openDialog} />
      ) : consult !== null ? (
        <ConsultedBar consult={consult} control={control} now={now} />
      ) : (
        <SupervisorBar contact={contact} control={control} line={line} now={now} />
      )}
      <Transcript
        contact={contact}
        agentId={agentId}
        connected={control.connection === "open"}
        discard={(id) => control.discard(session, id)}
        sendAgain={(text) => control.say(session, text)}
        files={files}
        notify={control.notices.notify}
      />
      {info.mine && info.state === "wrap_up" && <WrapUp contact={contact} control={control} />}
      {info.mine && info.state !== "wrap_up" && (
        <div className="writing">
          <QuickProposal contact={contact} use={(text) => control.draft(session, text)} field={field} />
          <Composer
            field={field}
            contact={contact}
            canned={control.state.canned}
            closed={closedWords(contact)}
            send={(text) => control.say(session, text)}
            typing={() => control.typing(session)}
            draft={(text) => control.draft(session, text)}
            attach={
              <Attach files={files} closed={closedWords(contact)} notify={control.notices.notify} />
            }
          />
        </div>
      )}
    </>
  );
}

function closedWords(contact: Contact): string | null {
  switch (contact.info.state) {
    case "human_active":
      return isByTelephone(contact) ? "On the telephone nobody reads" : null;
    case "briefing":
    case "bridging":
      return "Not connected yet";
    case "caller_gone":
      return "The customer has left";
    default:
      return "The bot has the customer";
  }
}

interface QuickProps {
  contact: Contact;
  use: (text: string) => void;
  field: RefObject<HTMLTextAreaElement | null>;
}

/** The newest sentence that the bot proposes, one press away. */
function QuickProposal({ contact, use, field }: QuickProps) {
  const proposal = contact.proposals.findLast(({ kind }) => kind === "reply");
  if (proposal === undefined || contact.draft !== "" || contact.info.state !== "human_active") return null;
  return (
    <button
      type="button"
      className="quick"
      title="Put this into the message field"
      onClick={() => {
        use(proposal.text);
        field.current?.focus();
      }}
    >
      <SparkIcon />
      <span className="hidden">Suggested: </span>
      <span>{proposal.text}</span>
    </button>
  );
}
