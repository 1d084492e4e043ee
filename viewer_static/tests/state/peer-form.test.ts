/** Proves that the form of a peer saves what was read with its revision, marks what is wrong, and tells of a test. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { toFields } from '../../src/state/peer-fields';
import { PeerForm } from '../../src/state/peer-form';

const settings = {
  site_code: 'CHUO', address: '', enabled: true, services: ['store'], networks: [], certificate: '', contracts: false, max_associations: null, max_rate: null,
  quiet_period: null, tls: false, ask_commitment: false, accepts: [], answers_in: '', character_set: '', on_different_content: 'reject', max_instance: null, coercions: [], issuers: [],
};
const peer = { ae_title: 'CHUO_PACS', site: { code: 'CHUO', name: 'あおば中央病院' }, settings, reads_for: [], revision: 3, added_at: null, last_seen: null, refused: null };
const page = { peers: [peer], strangers: [], sites: [peer.site], our_ae_title: 'DOKUEI' };

let sent: { method: string; path: string; body: unknown }[];
let answers: Record<string, () => Response>;
const json = (value: unknown, status = 200): Response => new Response(JSON.stringify(value), { status });
const refusal = (code: string, details: unknown, status = 400): Response =>
  json({ error: { code, message: { ja: 'x', en: 'x' }, next_step: { ja: 'y', en: 'y' }, details, request_id: '1' } }, status);

beforeEach(() => {
  sent = [];
  answers = { 'GET /api/peers': () => json(page), 'GET /api/peers/CHUO_PACS/history': () => json({ changes: [] }) };
  vi.stubGlobal('fetch', (path: string, init: RequestInit) => {
    const method = init.method ?? 'GET';
    sent.push({ method, path, body: init.body ? JSON.parse(init.body as string) : undefined });
    return Promise.resolve((answers[`${method} ${path}`] ?? (() => new Response(null, { status: 204 })))());
  });
});
afterEach(() => vi.unstubAllGlobals());

async function opened(): Promise<PeerForm> {
  const form = new PeerForm('CHUO_PACS');
  await form.load();
  return form;
}

test('a change is saved for the revision that was read', async () => {
  answers['PUT /api/peers/CHUO_PACS'] = () => json({ ...peer, revision: 4, settings: { ...settings, tls: true } });
  const form = await opened();
  form.type({ tls: true });
  expect(form.value.dirty).toBe(true);
  await form.save();
  expect(sent.find((one) => one.method === 'PUT')?.body).toEqual({ revision: 3, settings: { ...settings, tls: true } });
  expect([form.value.phase, form.value.dirty, form.value.peer?.revision]).toEqual(['saved', false, 4]);
});

test('the field that the hub names is marked, and what was typed stays', async () => {
  answers['PUT /api/peers/CHUO_PACS'] = () => refusal('wrong_network', { field: 'networks', value: '10.0' });
  const form = await opened();
  form.type({ networks: '10.0' });
  expect(await form.save()).toBeNull();
  expect([form.value.wrong, form.value.fields.networks, form.value.dirty, form.value.error?.code]).toEqual([['networks'], '10.0', true, 'wrong_network']);
  form.type({ networks: '10.0.0.1' });
  expect(form.value.wrong).toEqual([]);
});

test('what is no number is not sent', async () => {
  const form = await opened();
  form.type({ maxRate: 'fast' });
  await form.save();
  expect(sent.filter((one) => one.method === 'PUT')).toEqual([]);
  expect(form.value.wrong).toEqual(['maxRate']);
});

test('a new one asks for its title and site first', async () => {
  const form = new PeerForm(null, '');
  await form.load();
  expect(await form.save()).toBeNull();
  expect(form.value.wrong).toEqual(['aeTitle', 'site']);
  answers['POST /api/peers'] = () => refusal('peer_known', {}, 409);
  form.type({ aeTitle: 'CHUO_PACS', site: 'CHUO' });
  await form.save();
  expect(form.value.wrong).toEqual(['aeTitle']);
});

test('a stranger that has knocked fills the title in', async () => {
  const form = new PeerForm(null, 'STRANGER');
  await form.load();
  expect([form.value.fields.aeTitle, form.value.fields.services]).toEqual(['STRANGER', []]);
});

test('what is gone is said, with its history', async () => {
  answers['GET /api/peers'] = () => json({ ...page, peers: [] });
  const form = await opened();
  expect([form.value.phase, form.value.history]).toEqual(['missing', []]);
});

test('a test of the connection is told', async () => {
  answers['POST /api/peers/CHUO_PACS/echo'] = () => json({ well: false, kind: 'refused', told: { ja: 'a', en: 'b' }, next_step: { ja: 'c', en: 'd' }, detail: '', reply_ms: null });
  const form = await opened();
  const done = form.tryOut();
  expect(form.value.echo).toBe('running');
  await done;
  expect(form.value.echo).toMatchObject({ kind: 'refused' });
});

test('the form shows what the hub has', async () => {
  expect((await opened()).value.fields).toEqual(toFields('CHUO_PACS', settings as never));
});
