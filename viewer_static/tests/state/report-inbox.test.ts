/** Proves that the inbox asks for what is searched, and takes an answer only for the question that still stands. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { badges } from '../../src/state/badges';
import { ReportInbox } from '../../src/state/report-inbox';

let asked: { query: URLSearchParams; answer: (delivered: number) => void }[];

beforeEach(() => {
  asked = [];
  vi.stubGlobal('fetch', (path: string) => {
    const query = new URL(path, 'http://hub').searchParams;
    return new Promise((resolve) => {
      const answer = (delivered: number): void =>
        resolve(new Response(JSON.stringify({ reports: [], total: delivered, counts: { delivered, acknowledged: 0, acted_on: 0 } })));
      asked.push({ query, answer });
    });
  });
});
afterEach(() => vi.unstubAllGlobals());

test('a search goes to the hub within the tab, and its answer is marked as such', async () => {
  const inbox = new ReportInbox();
  inbox.ask({ q: '山田' });
  expect(asked[0]?.query.get('q')).toBe('山田');
  expect(asked[0]?.query.getAll('state')).toEqual(['delivered']);
  expect(inbox.value.answers).toBe('');
  asked[0]?.answer(1);
  await vi.waitFor(() => expect(inbox.value.answers).toBe('delivered\n山田'));
});

test('a late answer to an older search is dropped', async () => {
  const inbox = new ReportInbox();
  inbox.ask({ q: '山' });
  inbox.ask({ q: '山田' });
  asked[1]?.answer(1);
  await vi.waitFor(() => expect(inbox.value.page?.total).toBe(1));
  asked[0]?.answer(7);
  await new Promise((resolve) => setTimeout(resolve));
  expect(inbox.value.page?.total).toBe(1);
});

test('the count in the navigation is that of everything, not of a search', async () => {
  const inbox = new ReportInbox();
  badges.patch({ unacknowledged: 9 });
  inbox.ask({ q: '山田' });
  asked[0]?.answer(1);
  await vi.waitFor(() => expect(inbox.value.page).not.toBeNull());
  expect(badges.value.unacknowledged).toBe(9);
  inbox.ask({ q: '' });
  asked[1]?.answer(3);
  await vi.waitFor(() => expect(badges.value.unacknowledged).toBe(3));
});
