/** Proves that times are shown in Japanese time, with the right era and the right age. */
import { expect, test } from 'vitest';
import { ageText, dueText, eraDate, eraYear, jstDate, jstDateTime, jstTime } from '../../src/i18n/dates';

test('a UTC timestamp is shown in Japanese time, over midnight too', () => {
  expect(jstDateTime('2026-11-20T15:04:05.123Z')).toBe('2026-11-21 00:04');
  expect(jstTime('2026-11-21T00:12:00Z')).toBe('09:12');
  expect(jstDate(new Date('2026-12-31T15:00:00Z'))).toBe('2027-01-01');
  expect(jstDateTime(null)).toBe('');
});

test.each([
  ['2026-11-21', '令和8年11月21日'],
  ['2019-05-01', '令和元年5月1日'],
  ['2019-04-30', '平成31年4月30日'],
  ['1989-01-07', '昭和64年1月7日'],
  ['1926-12-24', '大正15年12月24日'],
  ['1900-01-01', ''],
])('the era of %s is %s', (date, era) => {
  expect(eraDate(date)).toBe(era);
});

test('the short year of birth', () => {
  expect(eraYear('1948-05-12')).toBe('昭23');
  expect(eraYear(null)).toBe('');
});

test.each([
  ['1948-05-12', '2026-05-11', '77歳'],
  ['1948-05-12', '2026-05-12', '78歳'],
  ['2025-06-30', '2026-11-21', '16か月'],
  ['2026-11-22', '2026-11-21', ''],
])('born %s, on %s: %s', (birth, on, age) => {
  expect(ageText(birth, on)).toBe(age);
});

test('due dates near today are words', () => {
  const on = (date: string): string => dueText(date, '2026-11-21');
  expect([on('2026-11-20'), on('2026-11-21'), on('2026-11-22'), on('2026-11-24')]).toEqual(['昨日', '本日', '明日', '11/24 (火)']);
});
