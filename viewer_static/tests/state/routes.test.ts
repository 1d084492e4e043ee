/** Proves which page an address opens, and for whom. */
import { expect, test } from 'vitest';
import type { Role, Session } from '../../src/api/types';
import { allowed, landing, parseRoute, safeNext } from '../../src/state/routes';

const session = (role: Role, ...entitlements: string[]): Session => ({
  person: { login: 'x', name: 'x', role, site: { code: 's', name: 's' } },
  entitlements,
  demo: true,
});
const radiologist = session('radiologist', 'cases.list', 'cases.read', 'studies.view');
const doctor = session('referring_doctor', 'cases.list', 'cases.request', 'reports.inbox');
const administrator = session('administrator', 'administration');

test.each([
  ['/', { page: 'home' }],
  ['/login', { page: 'login' }],
  ['/cases', { page: 'cases' }],
  ['/cases/12', { page: 'case', id: '12' }],
  ['/cases/a%2Fb', { page: 'case', id: 'a/b' }],
  ['/reports/r1', { page: 'report', id: 'r1' }],
  ['/cases/1/x', { page: 'not_found' }],
  ['/peers', { page: 'peers' }],
  ['/peers/MINATO_CT', { page: 'peer', aeTitle: 'MINATO_CT' }],
  ['/peers/+new', { page: 'peer', aeTitle: null }],
  ['/patients', { page: 'patients' }],
  ['/patients/1', { page: 'not_found' }],
  ['/elsewhere', { page: 'not_found' }],
  ['/cases/%E0%A4', { page: 'case', id: '%E0%A4' }],
])('%s', (path, route) => {
  expect(parseRoute(path)).toEqual(route);
});

test('the first page is what waits for the person', () => {
  expect([landing(radiologist), landing(doctor), landing(administrator)]).toEqual(['/cases', '/reports', '/peers']);
});

test('a page without entitlement is not opened', () => {
  expect(allowed({ page: 'reports' }, radiologist)).toBe(false);
  expect(allowed({ page: 'report', id: '1' }, radiologist)).toBe(true);
  expect(allowed({ page: 'case', id: '1' }, administrator)).toBe(false);
  expect(allowed({ page: 'peers' }, administrator)).toBe(true);
  expect(allowed({ page: 'peer', aeTitle: 'X' }, radiologist)).toBe(false);
});

test('after log-in only addresses of this application are followed', () => {
  expect(safeNext('/cases/3?x=1')).toBe('/cases/3?x=1');
  for (const bad of ['//evil.example', '/\\evil.example', 'https://evil.example', '/login', null]) expect(safeNext(bad)).toBeNull();
});
