/** Proves that both languages have every sentence, with the same places to fill in. */
import { afterEach, expect, test } from 'vitest';
import { en } from '../../src/i18n/en';
import { ja } from '../../src/i18n/ja';
import { setLocale, t, type Key } from '../../src/i18n/texts';

const places = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '').sort();

afterEach(() => setLocale('ja'));

test('both tables have the same keys', () => {
  expect(Object.keys(en).sort()).toEqual(Object.keys(ja).sort());
});

test('no sentence is empty and the places agree', () => {
  for (const key of Object.keys(ja) as Key[]) {
    expect(ja[key], key).not.toBe('');
    expect(en[key], key).not.toBe('');
    expect(places(en[key]), key).toEqual(places(ja[key]));
  }
});

test('places are filled in, in the chosen language', () => {
  expect(t('cases.total', { n: 3 })).toBe('3 件');
  setLocale('en');
  expect(t('cases.total', { n: 3 })).toBe('3 cases');
  expect(document.documentElement.lang).toBe('en');
});
