/**
 * The briefing packet. Facts and claims link to the turn they come from; before an offer is accepted there is
 * no transcript yet, so there are no links either (`go` is null).
 */
import type { ReactNode } from "react";
import { AlertIcon, CheckIcon, ForbiddenIcon } from "../page/icons";
import { sentenceCase, words } from "../page/words";
import { type Briefing, standing } from "./briefing";
import { languageWords, methodWords, purposeWords, reasonWords } from "./plain";

interface Props {
  briefing: Briefing | null;
  /** Goes to a turn of the transcript. */
  go: ((turn: string) => void) | null;
}

const NOT_KNOWN = "Nothing is known yet.";

export function BriefingView({ briefing, go }: Props) {
  if (briefing === null) return <p className="hint">{NOT_KNOWN}</p>;
  const lines = briefing.summary.filter((line) => line !== "");
  return (
    <div className="briefing">
      {lines.length > 0 && (
        <ul className="summary" aria-label="Summary">
          {lines.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      )}
      {briefing.next_best_action !== null && briefing.next_best_action !== "" && (
        <p className="next">
          <strong>Do next</strong> {briefing.next_best_action}
        </p>
      )}
      {briefing.open_question !== null && (
        <p className="open">
          <strong>{briefing.open_question.by === "bot" ? "The bot asked" : "Open question"}</strong>{" "}
          {briefing.open_question.text} <Go turn={briefing.open_question.source_turn} go={go} />
        </p>
      )}
      <Who briefing={briefing} />
      <Why briefing={briefing} go={go} />
      <Facts briefing={briefing} go={go} />
      <Course briefing={briefing} go={go} />
      <Remarks briefing={briefing} />
    </div>
  );
}

function Who({ briefing }: { briefing: Briefing }) {
  const { who, sentiment, language } = briefing;
  const claims = Object.entries(who?.claims ?? {}).filter(([, value]) => typeof value === "string");
  return (
    <Part title="Who">
      <p className="who">
        <span>{who?.name ?? "Name not known"}</span>
        <span className="chip" data-tone={who?.verified ? "good" : "careful"}>
          {who?.verified ? `Checked: ${methodWords(who.method ?? "identity")}` : "Not checked"}
        </span>
        {sentiment !== null && sentiment.label !== "neutral" && (
          <span className="chip" data-tone={sentiment.label === "positive" ? "good" : "careful"}>
            {sentenceCase(sentiment.label)}
          </span>
        )}
        {language !== null && <span className="chip">{languageWords(language)}</span>}
      </p>
      {who !== null && who.failed_tries > 0 && (
        <p className="hint">
          Identity check failed {who.failed_tries === 1 ? "once" : `${who.failed_tries} times`}.
        </p>
      )}
      <dl className="pairs">
        {who?.email && <Pair name="E-mail">{who.email}</Pair>}
        {who?.phone && <Pair name="Phone">{who.phone}</Pair>}
        {claims.map(([name, value]) => (
          <Pair key={name} name={`${sentenceCase(words(name))} (claimed)`}>
            {String(value)}
          </Pair>
        ))}
      </dl>
    </Part>
  );
}

function Why({ briefing, go }: { briefing: Briefing; go: Props["go"] }) {
  const { why } = briefing;
  if (why === null) return null;
  return (
    <Part title="Why">
      <p>
        {why.intent !== null && <strong>{sentenceCase(words(why.intent))}. </strong>}
        {why.reason !== null && `${reasonWords(why.reason)}.`}
      </p>
      {why.words !== null && why.words !== "" && (
        <blockquote>
          “{why.words}” <Go turn={why.source_turn} go={go} />
        </blockquote>
      )}
      {why.earlier.length > 0 && (
        <ul className="plain-list">
          {why.earlier.map((one) => (
            <li key={`${one.source_turn}-${one.intent}`}>
              Before that: {one.intent === null ? one.words : words(one.intent)}{" "}
              <Go turn={one.source_turn} go={go} />
            </li>
          ))}
        </ul>
      )}
    </Part>
  );
}

const STANDINGS = { found: "from our records", confirmed: "confirmed", said: "said by the customer" };

function Facts({ briefing, go }: { briefing: Briefing; go: Props["go"] }) {
  if (briefing.facts.length === 0) return null;
  return (
    <Part title="Facts">
      <dl className="pairs">
        {briefing.facts.map((fact, index) => (
          <Pair key={`${fact.key}-${index}`} name={sentenceCase(words(fact.key))}>
            {fact.value} <span className="hint">{STANDINGS[standing(fact)]}</span>{" "}
            <Go turn={fact.source_turn} go={go} />
          </Pair>
        ))}
      </dl>
    </Part>
  );
}

/** What was done, what did not work, what was promised, what policy forbids. */
function Course({ briefing, go }: { briefing: Briefing; go: Props["go"] }) {
  const { done, failed, promised, policy_limits: limits } = briefing;
  return (
    <>
      {done.length > 0 && (
        <Part title="Done">
          <ul className="course">
            {done.map((one, index) => (
              <li key={`${one.receipt}-${index}`} data-tone="good">
                <CheckIcon />
                <span>
                  {one.text === "" ? sentenceCase(words(one.tool)) : one.text}
                  {one.by === "human" && <span className="hint"> by a colleague</span>}
                  {one.receipt !== null && <code> {one.receipt}</code>} <Go turn={one.source_turn} go={go} />
                </span>
              </li>
            ))}
          </ul>
        </Part>
      )}
      {failed.length > 0 && (
        <Part title="Failed">
          <ul className="course">
            {failed.map((one, index) => (
              <li key={`${one.tool}-${index}`} data-tone="careful">
                <AlertIcon />
                <span>
                  {one.text === "" ? sentenceCase(words(one.tool ?? one.code ?? "")) : one.text}
                  {one.times > 1 && ` (${one.times} times)`} <Go turn={one.source_turn} go={go} />
                </span>
              </li>
            ))}
          </ul>
        </Part>
      )}
      {promised.length > 0 && (
        <Part title="Promised">
          <ul className="plain-list">
            {promised.map((one) => (
              <li key={one.text}>
                {one.text} <Go turn={one.source_turn} go={go} />
              </li>
            ))}
          </ul>
        </Part>
      )}
      {limits.length > 0 && (
        <Part title="Policy limits">
          <ul className="course">
            {limits.map((one, index) => (
              <li key={`${one.code}-${index}`} data-tone="careful">
                <ForbiddenIcon />
                <span>
                  {one.text === "" ? sentenceCase(words(one.code ?? "")) : one.text}{" "}
                  <Go turn={one.source_turn} go={go} />
                </span>
              </li>
            ))}
          </ul>
        </Part>
      )}
    </>
  );
}

function Remarks({ briefing }: { briefing: Briefing }) {
  const { notes, redactions } = briefing;
  return (
    <>
      {notes.length > 0 && (
        <Part title="Notes of colleagues">
          <ul className="plain-list">
            {notes.map((one, index) => (
              <li key={`${one.agent}-${index}`}>
                {one.text} <span className="hint">{`${purposeWords(one.purpose)}, ${one.agent}`}</span>
              </li>
            ))}
          </ul>
        </Part>
      )}
      {redactions.length > 0 && (
        <p className="hint">Not shown in full: {redactions.map(({ field }) => words(field)).join(", ")}.</p>
      )}
    </>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <h3>{title}</h3>
      {children}
    </section>
  );
}

function Pair({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Go({ turn, go }: { turn: string | null; go: Props["go"] }) {
  if (turn === null || go === null) return null;
  return (
    <button type="button" className="go" aria-label="Show where this was said" onClick={() => go(turn)}>
      ↗
    </button>
  );
}
