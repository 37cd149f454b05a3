/** On small screens one column is shown at a time; these buttons at the lower edge choose which. */
import { ArticleIcon, PersonIcon } from "../page/icons";
import { ChatIcon } from "./icons";

export type Pane = "contacts" | "conversation" | "side";

interface Props {
  pane: Pane;
  show: (pane: Pane) => void;
  unread: number;
}

const PANES = [
  ["contacts", "Contacts", PersonIcon],
  ["conversation", "Conversation", ChatIcon],
  ["side", "Briefing", ArticleIcon],
] as const;

export function Panes({ pane, show, unread }: Props) {
  return (
    <nav className="panes" aria-label="Columns">
      {PANES.map(([name, title, PaneIcon]) => (
        <button
          key={name}
          type="button"
          aria-current={pane === name ? "page" : undefined}
          onClick={() => show(name)}
        >
          <PaneIcon />
          {title}
          {name === "contacts" && unread > 0 && (
            <span className="unread">
              {unread}
              <span className="hidden"> unread</span>
            </span>
          )}
        </button>
      ))}
    </nav>
  );
}
