/** Light or dark: the system's choice until somebody chooses here; kept for the next visit. */

type Theme = "light" | "dark";

const KEY = "warmline.theme";

function shown(): Theme {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === "light" || chosen === "dark") return chosen;
  return window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

export function nextTheme(): Theme {
  return shown() === "dark" ? "light" : "dark";
}

/** Changes the theme; returns the one that the next change would bring. */
export function toggleTheme(): Theme {
  const theme = nextTheme();
  document.documentElement.dataset.theme = theme;
  localStorage.setItem(KEY, theme);
  return nextTheme();
}

export function recallTheme(): void {
  const theme = localStorage.getItem(KEY);
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
}
