/** Proves that an overdue case says so in words, by the date in Japan, and that only the next case is marked. */
import { render } from 'lit';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Case } from '../../src/api/types';
import { caseRow, receivedOf } from '../../src/views/case-row';

const one = (change: Partial<Case> = {}): Case =>
  ({
    id: '1', state: 'unread', site: { code: 'minami', name: '南浜クリニック' }, modalities: ['CT'], prior_count: 0, identity_conflict: false, text_suspect: false, expected_count: null, images_after_report: 0, images_replaced: 0, reader: null, reason: '', due_date: '2026-11-24',
    patient: { id: 'M1', name: { alphabetic: '', ideographic: '山田太郎', phonetic: '' }, birth_date: null, sex: 'M' }, ...change,
  }) as Case;

function row(from: Case, next = false): HTMLElement {
  const body = document.createElement('tbody');
  render(caseRow(from, { selected: false, focusable: true, next }, () => undefined), body);
  return body;
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('期限超過', () => {
  test.each([
    ['2026-11-24T14:59:59Z', 'unread', false], // 23:59 in Japan on the day itself
    ['2026-11-24T15:00:00Z', 'unread', true],
    ['2026-11-25T03:00:00Z', 'reading', true],
    ['2026-11-25T03:00:00Z', 'read', false],
  ] as const)('at %s, %s: %s', (now, state, overdue) => {
    vi.setSystemTime(now);
    expect(row(one({ state })).textContent.includes('期限超過')).toBe(overdue);
  });

  test('a case without a due date is never overdue', () => {
    vi.setSystemTime('2027-01-01T00:00:00Z');
    expect(row(one({ due_date: null })).textContent).not.toContain('期限超過');
  });
});

test('the next case is marked, the others are not', () => {
  expect(row(one(), true).textContent).toContain('次に読む');
  expect(row(one()).textContent).not.toContain('次に読む');
});

test('the number of priors is shown, and nothing where there are none', () => {
  expect(row(one({ prior_count: 2 })).textContent).toContain('過去 2');
  expect(row(one({})).querySelector('[data-testid=case-conflict]')).toBeNull();
  expect(row(one({ identity_conflict: true })).querySelector('[data-testid=case-conflict]')?.textContent).toBe('患者情報の食い違い');
  expect(row(one()).textContent).not.toContain('過去');
});

test('texts that may be garbled are marked, with what that means', () => {
  const mark = row(one({ text_suspect: true })).querySelector('[data-testid=case-text-suspect]');
  expect(mark?.textContent).toBe('文字化け疑い');
  expect(mark?.getAttribute('title')).toContain('元の画像');
  expect(row(one({})).querySelector('[data-testid=case-text-suspect]')).toBeNull();
});

test('images that were replaced since the reading began are marked, with how many', () => {
  const mark = row(one({ images_replaced: 3 })).querySelector('[data-testid=case-replaced]');
  expect(mark?.textContent).toBe('画像差替えあり');
  expect(mark?.getAttribute('title')).toContain('画像 3 枚');
  expect(row(one()).querySelector('[data-testid=case-replaced]')).toBeNull();
});

test('tells how many of how many images are here only while they come and somebody has said so', () => {
  const receiving = one({ state: 'receiving', instance_count: 312, expected_count: 500 });
  expect([receivedOf(receiving), receivedOf({ ...receiving, expected_count: null }), receivedOf({ ...receiving, state: 'unread' })]).toEqual(['312 / 500', '', '']);
});
