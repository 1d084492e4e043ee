/** Proves that a decoder's stray error, or its silence, ends the waiting. */
import { expect, test, vi } from 'vitest';
import { orFirstFailure, within } from '../../src/imaging/first-failure';

const never = new Promise<never>(() => undefined);

test('a stray rejection ends the wait with its reason', async () => {
  const waiting = orFirstFailure(never);
  dispatchEvent(Object.assign(new Event('unhandledrejection', { cancelable: true }), { reason: new Error('no palette') }));
  await expect(waiting).rejects.toThrow('no palette');
});

test('an answer passes through, and later errors are not ours any more', async () => {
  expect(await orFirstFailure(Promise.resolve(7))).toBe(7);
  const later = Object.assign(new Event('unhandledrejection', { cancelable: true }), { reason: new Error('x') });
  dispatchEvent(later);
  expect(later.defaultPrevented).toBe(false);
});

test('silence ends after the time given', async () => {
  vi.useFakeTimers();
  const waiting = expect(within(50, never)).rejects.toThrow('50 ms');
  await vi.advanceTimersByTimeAsync(50);
  await waiting;
  expect(await within(50, Promise.resolve(1))).toBe(1);
  vi.useRealTimers();
});
