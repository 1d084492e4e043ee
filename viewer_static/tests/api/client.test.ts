/** Proves that every failure of a request becomes one kind of error with words in both languages. */
import { afterEach, expect, test, vi } from 'vitest';
import { request, whenSignedOut } from '../../src/api/client';
import type { ApiError } from '../../src/api/errors';

const answer = (status: number, body: unknown): void => {
  vi.stubGlobal('fetch', vi.fn(async () => new Response(typeof body === 'string' ? body : JSON.stringify(body), { status })));
};
const failure = (): Promise<ApiError> => request('GET', '/api/x').then(() => Promise.reject(new Error('no error')), (error: ApiError) => error);
const shape = (code: string) => ({
  error: { code, message: { ja: '日', en: 'en' }, next_step: { ja: '次', en: 'next' }, details: { a: 1 }, request_id: 'q' },
});

afterEach(() => {
  vi.unstubAllGlobals();
  whenSignedOut(() => undefined);
});

test('the error shape of the hub is read whole', async () => {
  answer(409, shape('stale_draft'));
  expect(await failure()).toMatchObject({ status: 409, code: 'stale_draft', texts: { ja: '日', en: 'en' }, nextStep: { ja: '次' }, details: { a: 1 }, requestId: 'q' });
});

test('any other body is an honest general error', async () => {
  for (const body of ['<html>', '{}', '[]', { error: { code: 1 } }]) {
    answer(502, body);
    expect(await failure()).toMatchObject({ status: 502, code: 'unexpected_answer' });
  }
});

test('no answer at all', async () => {
  vi.stubGlobal('fetch', vi.fn(async () => Promise.reject(new TypeError('network'))));
  expect(await failure()).toMatchObject({ status: 0, code: 'unreachable' });
});

test('a lost session is told, a wrong password is not one', async () => {
  const told = vi.fn();
  whenSignedOut(told);
  answer(401, shape('wrong_password'));
  await failure();
  expect(told).toHaveBeenCalledTimes(0);
  answer(401, shape('not_signed_in'));
  await failure();
  expect(told).toHaveBeenCalledTimes(1);
});

test('queries leave out what is empty and repeat lists', async () => {
  answer(200, {});
  await request('GET', '/api/cases', undefined, { state: ['unread', 'read'], q: '', limit: 5 });
  expect(fetch).toHaveBeenCalledWith('/api/cases?state=unread&state=read&limit=5', expect.anything());
});

test('a NUL in a pasted text is left out, as the hub would refuse the whole', async () => {
  answer(200, {});
  await request('PUT', '/api/x', { findings: '右\0肺', lines: ['\0'] });
  expect(fetch).toHaveBeenCalledWith('/api/x', expect.objectContaining({ body: '{"findings":"右肺","lines":[""]}' }));
});
