// Light or dark: what the system says, until somebody chooses.

export type Theme = 'light' | 'dark';

const KEY = 'matricula.theme';

/** What was chosen here before, else what the system prefers. */
export function preferredTheme(): Theme {
  const chosen = localStorage.getItem(KEY);
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

/** Shows the page in these colours. */
export function applyTheme(theme: Theme) {
  document.documentElement.classList.toggle('pf-v6-theme-dark', theme === 'dark');
}

/** Shows the page in these colours from now on. */
export function chooseTheme(theme: Theme) {
  localStorage.setItem(KEY, theme);
  applyTheme(theme);
}
