/** Who are you? Name and password, what went wrong in plain words, and a hint when Caps Lock is on. */
import { type KeyboardEvent, useRef, useState } from "react";
import { ShopMark } from "../page/icons";
import { SignInFailed, signIn, signInWords } from "./account";
import type { Account } from "./deskWire";

interface Props {
  /** Why somebody who was signed in is asked again. */
  because: string | null;
  onSignedIn: (account: Account) => void;
}

export function SignIn({ because, onSignedIn }: Props) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [shown, setShown] = useState(false);
  const [capsLock, setCapsLock] = useState(false);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(because);
  const field = useRef<HTMLInputElement>(null);

  const submit = async () => {
    setBusy(true);
    setFault(null);
    try {
      onSignedIn(await signIn(name.trim(), password));
    } catch (error) {
      if (!(error instanceof SignInFailed)) throw error;
      setFault(signInWords(error));
      setBusy(false);
      field.current?.select();
    }
  };
  const look = (event: KeyboardEvent) => setCapsLock(event.getModifierState("CapsLock"));

  return (
    <main className="sign-in">
      <form
        className="sign-in-card"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <ShopMark />
        <h1>Sign in to the desk</h1>
        <div role="alert">{fault !== null && <p className="fault">{fault}</p>}</div>
        <label htmlFor="name">Name</label>
        <input
          id="name"
          name="username"
          value={name}
          onChange={(event) => setName(event.target.value)}
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
          autoFocus
        />
        <label htmlFor="password">Password</label>
        <div className="password">
          <input
            id="password"
            ref={field}
            name="password"
            type={shown ? "text" : "password"}
            value={password}
            onChange={(event) => setPassword(event.target.value)}
            onKeyDown={look}
            onKeyUp={look}
            onBlur={() => setCapsLock(false)}
            autoComplete="current-password"
            aria-describedby="caps-lock"
            required
          />
          <button type="button" aria-pressed={shown} onClick={() => setShown(!shown)}>
            {shown ? "Hide" : "Show"}
          </button>
        </div>
        <p id="caps-lock" className="hint" role="status">
          {capsLock && "Caps Lock is on."}
        </p>
        <button type="submit" className="wide wide-strong" disabled={busy}>
          {busy ? "Signing in…" : "Sign in"}
        </button>
      </form>
    </main>
  );
}
