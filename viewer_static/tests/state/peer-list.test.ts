/** Proves that the list is searched in the browser and that an old refusal is no alarm. */
import { afterEach, expect, test, vi } from 'vitest';
import type { Peer } from '../../src/api/peers';
import { PeerList, refusedSince } from '../../src/state/peer-list';

const peer = (ae_title: string, more: Partial<Peer> = {}): Peer =>
  ({ ae_title, site: { code: 'MINATO', name: 'みなと診療所' }, settings: { address: '10.0.0.5:104' }, refused: null, last_seen: null, ...more }) as Peer;
const refused = (last_at: string): Peer['refused'] => ({ ae_title: 'A', count: 1, last_at, why: 'network', reason: '', host: '' });

afterEach(() => vi.unstubAllGlobals());

test('title, site and address are searched, in any width and case', async () => {
  const page = { peers: [peer('CT_1'), peer('MR', { site: { code: 'CHUO', name: 'あおば中央病院' } })], strangers: [], sites: [], our_ae_title: 'X' };
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(JSON.stringify(page))));
  const list = new PeerList();
  await list.refresh();
  const found = (q: string): string[] => {
    list.search(q);
    return list.found.map((one) => one.ae_title);
  };
  expect([found('ｃｔ'), found('みなと'), found('中央'), found('10.0'), found('none')]).toEqual([['CT_1'], ['CT_1'], ['MR'], ['CT_1', 'MR'], []]);
});

test('who has got in since is not marked as refused', () => {
  const seen = { at: '2026-11-21T10:00:00Z', host: '' };
  expect(refusedSince(peer('A', { refused: refused('2026-11-21T11:00:00Z'), last_seen: seen }))).toBe(true);
  expect(refusedSince(peer('A', { refused: refused('2026-11-21T09:00:00Z'), last_seen: seen }))).toBe(false);
  expect([refusedSince(peer('A', { refused: refused('2026-11-21T09:00:00Z') })), refusedSince(peer('A'))]).toEqual([true, false]);
});
