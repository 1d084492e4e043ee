import { request } from './client';
import type { Session } from './types';

export const currentSession = (): Promise<Session> => request('GET', '/api/session');
export const signIn = (login: string, password: string): Promise<Session> =>
  request('POST', '/api/session', { login, password });
export const signOut = (): Promise<void> => request('DELETE', '/api/session');
