/** What the bot proposes while the agent talks, and what it answers when asked in private. */
import { type KeyboardEvent, useState } from "react";
import { Dots, Sources } from "../page/bubbles";
import type { Contact, Proposal, Question } from "./contact";
import type { DeskControl } from "./useDesk";

interface Props {
  contact: Contact;
  control: DeskControl;
  insert: (text: string) => void;
}

export function Copilot({ contact, control, insert }: Props) {
  const { proposals, questions, info } = contact;
  return (
    <div className="copilot">
      <section aria-labelledby="proposals-title">
        <h3 id="proposals-title">Suggestions</h3>
        {proposals.length === 0 ? (
          <p className="hint">While you talk with the customer, the bot suggests what to say next.</p>
        ) : (
          <ul>
            {proposals.map((proposal) => (
              <li key={proposal.text}>
                <Proposed proposal={proposal} insert={insert} />
              </li>
            ))}
          </ul>
        )}
      </section>
      <section aria-labelledby="questions-title">
        <h3 id="questions-title">Ask the bot</h3>
        <p className="hint">The customer sees neither the question nor the answer.</p>
        <ol className="questions" aria-live="polite">
          {questions.map((question) => (
            <li key={question.id}>
              <Answered question={question} insert={insert} />
            </li>
          ))}
        </ol>
        <AskForm ask={(text) => control.ask(info.session, text)} />
      </section>
    </div>
  );
}

function Proposed({ proposal, insert }: { proposal: Proposal; insert: Props["insert"] }) {
  return (
    <div className="proposal">
      <button type="button" title="Put this into the message field" onClick={() => insert(proposal.text)}>
        <span className="meta">{proposal.kind === "reply" ? "You could say" : "From the articles"}</span>
        <span>{proposal.text}</span>
      </button>
      <Sources citations={proposal.citations} />
    </div>
  );
}

function Answered({ question, insert }: { question: Question; insert: Props["insert"] }) {
  const { answer, failed } = question;
  return (
    <>
      <p className="question">{question.text}</p>
      {answer !== null && (
        <div className="proposal">
          <button type="button" title="Put this into the message field" onClick={() => insert(answer.text)}>
            <span>{answer.text}</span>
          </button>
          <Sources citations={answer.citations} />
        </div>
      )}
      {failed !== null && <p className="fault">{failed}</p>}
      {answer === null && failed === null && <Dots label="The bot is working on an answer" />}
    </>
  );
}

function AskForm({ ask }: { ask: (text: string) => void }) {
  const [text, setText] = useState("");
  const submit = () => {
    if (text.trim() === "") return;
    ask(text.trim());
    setText("");
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    submit();
  };
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <label className="hidden" htmlFor="ask">
        Private question to the bot
      </label>
      <textarea
        id="ask"
        rows={2}
        maxLength={4000}
        value={text}
        placeholder="E.g. how long does a refund to PayPal take?"
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <button type="submit" className="wide" disabled={text.trim() === ""}>
        Ask
      </button>
    </form>
  );
}
