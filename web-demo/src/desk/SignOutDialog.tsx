/** Asked of those who sign out while customers are with them. */
import { Dialog } from "../page/Dialog";
import { useBusy } from "./useBusy";

interface Props {
  open: boolean;
  customers: number;
  signOut: () => Promise<void>;
  close: () => void;
}

export function SignOutDialog({ open, customers, signOut, close }: Props) {
  const [busy, during] = useBusy();
  return (
    <Dialog open={open} title="Sign out now?" onClose={close}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          void during(signOut()).then(close);
        }}
      >
        <p>
          {customers === 1 ? "A customer is" : `${customers} customers are`} with you. The bot takes over and
          looks for a colleague.
        </p>
        <div className="buttons">
          <button type="button" className="wide" data-first onClick={close}>
            Stay
          </button>
          <button type="submit" className="wide wide-danger" disabled={busy}>
            Sign out
          </button>
        </div>
      </form>
    </Dialog>
  );
}
