import type { Session } from '../api/types';

export type Route =
  | { page: 'login' }
  | { page: 'home' }
  | { page: 'cases' }
  | { page: 'case'; id: string }
  | { page: 'reports' }
  | { page: 'report'; id: string }
  | { page: 'requests' }
  | { page: 'request'; id: string | null }
  | { page: 'patients' }
  | { page: 'peers' }
  | { page: 'peer'; aeTitle: string | null }
  | { page: 'components' }
  | { page: 'not_found' };

/** What an address means; an unknown one is `not_found`. */
export function parseRoute(path: string): Route {
  const [first = '', second, ...rest] = path.split('/').filter(Boolean).map(decode);
  if (rest.length > 0) return { page: 'not_found' };
  switch (first) {
    case '':
      return { page: 'home' };
    case 'cases':
      return second === undefined ? { page: 'cases' } : { page: 'case', id: second };
    case 'reports':
      return second === undefined ? { page: 'reports' } : { page: 'report', id: second };
    case 'peers':
      // An AE title has no plus sign.
      return second === undefined ? { page: 'peers' } : { page: 'peer', aeTitle: second === '+new' ? null : second };
    case 'requests':
      return second === undefined ? { page: 'requests' } : { page: 'request', id: second === '+new' ? null : second };
    case 'patients':
    case 'login':
    case 'components':
      return second === undefined ? { page: first } : { page: 'not_found' };
    default:
      return { page: 'not_found' };
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const may = (session: Session | null, entitlement: string): boolean =>
  session?.entitlements.includes(entitlement) ?? false;

/** The first page after log-in: what waits for this person. */
export function landing(session: Session): string {
  if (may(session, 'reports.inbox') && !may(session, 'cases.read')) return '/reports';
  if (may(session, 'cases.list')) return '/cases';
  if (may(session, 'administration')) return '/peers';
  return '/';
}

/** Whether this person may open the page at all; the hub checks again on every request. */
export function allowed(route: Route, session: Session): boolean {
  if (route.page === 'requests') return may(session, 'requests.list');
  if (route.page === 'request') return may(session, route.id === null ? 'requests.enter' : 'requests.list');
  if (route.page === 'cases' || route.page === 'case') return may(session, 'cases.list');
  if (route.page === 'reports') return may(session, 'reports.inbox');
  if (route.page === 'report') return may(session, 'reports.inbox') || may(session, 'cases.read');
  if (route.page === 'patients') return may(session, 'patients.resolve');
  if (route.page === 'peers' || route.page === 'peer') return may(session, 'administration');
  return true;
}

/** A `next` address is followed only inside this application. */
export function safeNext(next: string | null): string | null {
  return next && /^\/(?![/\\])/.test(next) && !next.startsWith('/login') ? next : null;
}
