/** Another password of one's own. All other sign-ins end with it. */
import { useState } from "react";
import { Dialog } from "../page/Dialog";
import { SignInFailed, changePassword, signInWords } from "./account";
import type { Account } from "./deskWire";
import { useBusy } from "./useBusy";

interface Props {
  open: boolean;
  /** Customers who would lose the agent for a moment. */
  customers: number;
  changed: (account: Account) => void;
  close: () => void;
}

export function PasswordDialog({ open, customers, changed, close }: Props) {
  return (
    <Dialog open={open} title="Change your password" onClose={close}>
      {open && customers > 0 && (
        <p className="hint">
          Your audio begins anew with another password. Do it when no customer is with you.
        </p>
      )}
      {open && customers === 0 && <PasswordForm changed={changed} close={close} />}
    </Dialog>
  );
}

function PasswordForm({ changed, close }: Pick<Props, "changed" | "close">) {
  const [current, setCurrent] = useState("");
  const [wanted, setWanted] = useState("");
  const [fault, setFault] = useState<string | null>(null);
  const [busy, during] = useBusy();
  const submit = async () => {
    setFault(null);
    try {
      changed(await during(changePassword(current, wanted)));
      close();
    } catch (error) {
      if (!(error instanceof SignInFailed)) throw error;
      setFault(error.code === "wrong_credentials" ? "The old password is wrong." : signInWords(error));
    }
  };
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <div role="alert">{fault !== null && <p className="fault">{fault}</p>}</div>
      <label htmlFor="old-password">Old password</label>
      <input
        id="old-password"
        type="password"
        autoComplete="current-password"
        value={current}
        required
        data-first
        onChange={(event) => setCurrent(event.target.value)}
      />
      <label htmlFor="new-password">New password</label>
      <input
        id="new-password"
        type="password"
        autoComplete="new-password"
        value={wanted}
        required
        aria-describedby="password-help"
        onChange={(event) => setWanted(event.target.value)}
      />
      <p className="hint" id="password-help">
        At least 12 characters. You are signed out everywhere else.
      </p>
      <div className="buttons">
        <button type="button" className="wide" onClick={close}>
          Cancel
        </button>
        <button type="submit" className="wide wide-strong" disabled={busy}>
          {busy ? "One moment…" : "Change it"}
        </button>
      </div>
    </form>
  );
}
