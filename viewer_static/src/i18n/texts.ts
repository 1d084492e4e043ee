import { en } from './en';
import { ja } from './ja';

export type Key = keyof typeof ja;
export type Locale = 'ja' | 'en';

const tables: Record<Locale, Record<Key, string>> = { ja, en };
const storageKey = 'dokuei.locale';
const listeners = new Set<() => void>();
let current: Locale = readStored();

function readStored(): Locale {
  try {
    return localStorage.getItem(storageKey) === 'en' ? 'en' : 'ja';
  } catch {
    return 'ja'; // storage can be switched off on a shared terminal
  }
}

export const locale = (): Locale => current;

export function setLocale(next: Locale): void {
  current = next;
  try {
    localStorage.setItem(storageKey, next);
  } catch {
    /* the switch then lasts until the page is left */
  }
  document.documentElement.lang = next;
  for (const listener of listeners) listener();
}

export function onLocaleChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The sentence for `key` in the current language, with `{name}` places filled in. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  return tables[current][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** Pick the current language from a pair that the hub sent. */
export const pick = (texts: { ja: string; en: string }): string => texts[current];
