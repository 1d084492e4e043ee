/** Proves that the loader gets what it would otherwise stop at. */
import { expect, test } from 'vitest';
import { forLoader } from '../../src/imaging/loader-metadata';

test('a missing modality becomes OT, a given one stays', () => {
  expect(forLoader({})['00080060']?.Value).toEqual(['OT']);
  expect(forLoader({ '00080060': { vr: 'CS', Value: ['CT'] } })['00080060']?.Value).toEqual(['CT']);
});

test('palette entries are read as 16-bit little-endian words', () => {
  const palette = { vr: 'OW', InlineBinary: btoa('\x00\x00\x02\x01\xff\xff') } as never;
  expect(forLoader({ '00281201': palette })['00281201']?.Value).toEqual([0, 0x0102, 0xffff]);
});

test('the VOI LUT function reaches the loader whole, an unknown one not at all', () => {
  const given = (name: string) => forLoader({ '00281056': { vr: 'CS', Value: [name] } })['00281056']?.Value;
  expect(given('SIGMOID')).toEqual([['SIGMOID']]);
  expect(given('CURVED')).toBeUndefined();
});
