/** What stands in and under the bubbles of a conversation. */
import { type Partial, firmness } from "../session";
import type { Cited } from "../wire";
import { ArticleIcon } from "./icons";

/** What a text rests on, as links to the articles. */
export function Sources({ citations }: { citations: Cited[] }) {
  if (citations.length === 0) return null;
  return (
    <ul className="sources" aria-label="Sources">
      {citations.map((cited) => (
        <li key={cited.passage_id}>
          <a href={`/articles/${encodeURIComponent(cited.article)}`} target="_blank" rel="noopener">
            <ArticleIcon />
            <span>
              <strong>{cited.title}</strong>
              {cited.heading !== "" && <span>{cited.heading}</span>}
            </span>
          </a>
        </li>
      ))}
    </ul>
  );
}

/** What somebody is saying, while they say it. */
export function Caption({ partial, who }: { partial: Partial; who: string }) {
  const [firm, soft] = firmness(partial);
  return (
    <>
      <div className="bubble bubble-customer bubble-caption">
        <p>
          {firm}
          <span className="soft">{soft}</span>
        </p>
      </div>
      <p className="meta">{who}, speaking…</p>
    </>
  );
}

/** Text with its line breaks; an erased person's words are gone. */
export function Words({ text }: { text: string }) {
  return text === "" ? <p className="soft">(removed)</p> : <p>{text}</p>;
}

/** Somebody is at work; `label` says who. */
export function Dots({ label }: { label: string }) {
  return (
    <span className="dots" role="img" aria-label={label}>
      <span />
      <span />
      <span />
    </span>
  );
}
