import { signedIn, session } from './session';
import { Store } from './store';

export type Theme = 'light' | 'dark';
const storageKey = 'dokuei.theme';

function stored(): Theme | null {
  try {
    const value = localStorage.getItem(storageKey);
    return value === 'light' || value === 'dark' ? value : null;
  } catch {
    return null;
  }
}

/** A radiologist sits in a dark room; a clinic does not. Everybody may choose otherwise. */
const fitting = (): Theme => stored() ?? (signedIn()?.person.role === 'radiologist' ? 'dark' : 'light');

export const theme = new Store<Theme>(fitting());

const apply = (): void => {
  theme.set(fitting());
  document.documentElement.dataset['theme'] = theme.value;
};

export function startTheme(): void {
  apply();
  session.subscribe(apply);
}

export function chooseTheme(next: Theme): void {
  try {
    localStorage.setItem(storageKey, next);
  } catch {
    /* forbidden storage: keep the fitting theme */
  }
  apply();
}
