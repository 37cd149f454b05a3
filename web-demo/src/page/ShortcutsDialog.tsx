/** The list of a page's keyboard shortcuts. */
import { Dialog } from "./Dialog";

interface Props {
  open: boolean;
  shortcuts: { keys: string[]; what: string }[];
  onClose: () => void;
}

export function ShortcutsDialog({ open, shortcuts, onClose }: Props) {
  return (
    <Dialog open={open} title="Keyboard shortcuts" onClose={onClose}>
      <dl className="shortcuts">
        {shortcuts.map(({ keys, what }) => (
          <div key={what}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
