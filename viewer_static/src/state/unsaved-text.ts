/**
 * Report text that the hub has not confirmed yet, kept in sessionStorage.
 *
 * A reload, a lost session or a dead line then loses nothing; a shared terminal forgets it with the tab.
 */
export interface UnsavedText {
  findings: string;
  impression: string;
  /** The draft revision that the text was typed over. */
  revision: number;
}

const prefix = (login: string): string => `dokuei.unsaved.${login}.`;

export function keepUnsaved(login: string, caseId: string, text: UnsavedText): void {
  try {
    sessionStorage.setItem(prefix(login) + caseId, JSON.stringify(text));
  } catch {
    /* full or forbidden storage must not stop the typing; the autosave still runs */
  }
}

export function readUnsaved(login: string, caseId: string): UnsavedText | null {
  try {
    const value = JSON.parse(sessionStorage.getItem(prefix(login) + caseId) ?? 'null') as Partial<UnsavedText> | null;
    return typeof value?.findings === 'string' && typeof value.impression === 'string' && typeof value.revision === 'number'
      ? (value as UnsavedText)
      : null;
  } catch {
    return null;
  }
}

export function dropUnsaved(login: string, caseId: string): void {
  try {
    sessionStorage.removeItem(prefix(login) + caseId);
  } catch {
    /* nothing was kept either */
  }
}

/** After a clean log-out nothing of this person's text stays on a shared terminal. */
export function forgetUnsaved(login: string): void {
  try {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith(prefix(login))) sessionStorage.removeItem(key);
  } catch {
    /* nothing was kept either */
  }
}
