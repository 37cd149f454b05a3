/** Buttons that every page has. */
import { type ReactNode, useState } from "react";
import { ThemeIcon } from "./icons";
import { nextTheme, toggleTheme } from "./theme";

/** Light or dark. */
export function ThemeButton() {
  const [next, setNext] = useState(nextTheme);
  return (
    <IconButton label={`Switch to the ${next} theme`} onClick={() => setNext(toggleTheme())}>
      <ThemeIcon />
    </IconButton>
  );
}

interface IconButtonProps {
  label: string;
  disabled?: boolean;
  onClick: () => void;
  children: ReactNode;
}

/** A round button that shows only an icon; `label` is its name and its tooltip. */
export function IconButton({ label, disabled = false, onClick, children }: IconButtonProps) {
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={label}
      title={label}
      disabled={disabled}
      onClick={onClick}
    >
      {children}
    </button>
  );
}
