/** What stands in the empty conversation: what we can do, and first questions to tap. */
import { ASSISTANT, FIRST_QUESTIONS } from "./plain";

export function Welcome({ ask }: { ask: (question: string) => void }) {
  return (
    <div className="welcome">
      <h2>How can we help?</h2>
      <p>
        {ASSISTANT}, our virtual assistant, answers at once: orders, parcels, returns and refunds. Call or
        write, and switch whenever you like.
      </p>
      <ul aria-label="Questions to start with">
        {FIRST_QUESTIONS.map((question) => (
          <li key={question}>
            <button type="button" onClick={() => ask(question)}>
              {question}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
