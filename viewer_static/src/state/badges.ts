import { listCases } from '../api/cases';
import { listQuestions } from '../api/patients';
import { listReports } from '../api/reports';
import { poll } from './poll';
import { may } from './routes';
import { signedIn } from './session';
import { Store } from './store';

/** What waits for this person, for the navigation; null while unknown. */
export const badges = new Store<{ unread: number | null; unacknowledged: number | null; patients: number | null }>({
  unread: null,
  unacknowledged: null,
  patients: null,
});

export function setUnread(unread: number | null): void {
  if (unread !== null && unread !== badges.value.unread) badges.patch({ unread });
}

export function setUnacknowledged(unacknowledged: number): void {
  if (unacknowledged !== badges.value.unacknowledged) badges.patch({ unacknowledged });
}

export function setPatients(patients: number): void {
  if (patients !== badges.value.patients) badges.patch({ patients });
}

export async function refreshBadges(): Promise<void> {
  const session = signedIn();
  try {
    if (may(session, 'cases.read')) setUnread((await listCases({ limit: 1 })).counts.unread);
    if (may(session, 'reports.inbox')) setUnacknowledged((await listReports({ limit: 1 })).counts.delivered);
    if (may(session, 'patients.resolve')) setPatients((await listQuestions({ state: 'open', limit: 1 })).open);
  } catch {
    /* the pages themselves say what is wrong; a badge only stays as it was */
  }
}

export const startBadges = (): (() => void) => poll(refreshBadges, 15_000);
