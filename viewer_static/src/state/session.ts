import { whenSignedOut } from '../api/client';
import { ApiError } from '../api/errors';
import * as api from '../api/session';
import type { Session } from '../api/types';
import { left } from './leaving';
import { navigate } from './router';
import { landing, safeNext } from './routes';
import { Store } from './store';
import { forgetUnsaved } from './unsaved-text';

export type SessionState =
  | { status: 'unknown' }
  | { status: 'failed'; error: ApiError }
  | { status: 'signed_out'; expired: boolean }
  | { status: 'signed_in'; session: Session };

export const session = new Store<SessionState>({ status: 'unknown' });

export const signedIn = (): Session | null => (session.value.status === 'signed_in' ? session.value.session : null);

whenSignedOut(() => {
  const expired = session.value.status === 'signed_in';
  session.set({ status: 'signed_out', expired: expired || (session.value.status === 'signed_out' && session.value.expired) });
  goToLogin();
});

function goToLogin(): void {
  if (location.pathname === '/login') return;
  const here = location.pathname + location.search;
  navigate(here === '/' ? '/login' : `/login?next=${encodeURIComponent(here)}`, { replace: true });
}

export async function restoreSession(): Promise<void> {
  try {
    session.set({ status: 'signed_in', session: await api.currentSession() });
    if (location.pathname === '/login') enter();
  } catch (error) {
    if (error instanceof ApiError && error.status !== 401) session.set({ status: 'failed', error });
  }
}

/** @throws ApiError wrong_password, too_many_attempts, … for the form to show. */
export async function signIn(login: string, password: string): Promise<void> {
  session.set({ status: 'signed_in', session: await api.signIn(login, password) });
  enter();
}

function enter(): void {
  const now = signedIn();
  if (!now) return;
  const next = safeNext(new URLSearchParams(location.search).get('next'));
  navigate(next ?? landing(now), { replace: true });
}

export async function signOut(): Promise<void> {
  const login = signedIn()?.person.login;
  // Leaving the page first lets an open draft save itself, and gives back an unwritten case, while the session lives.
  navigate('/');
  await new Promise((resolve) => setTimeout(resolve));
  await left();
  try {
    await api.signOut();
    if (login) forgetUnsaved(login);
  } catch {
    /* already gone, or the line is down: this screen is locked either way */
  }
  session.set({ status: 'signed_out', expired: false });
  navigate('/login', { replace: true });
}
