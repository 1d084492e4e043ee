/** Proves that the letters at the edges of a picture name the right side of the patient. */
import { expect, test } from 'vitest';
import { directionLetters, edgeLetters } from '../../src/imaging/orientation';

const el = (...Value: unknown[]) => ({ vr: 'DS', Value });

test('an axial slice has the right side of the patient at the left', () => {
  expect(edgeLetters({ '00200037': el(1, 0, 0, 0, 1, 0) })).toEqual({ left: 'R', right: 'L', top: 'A', bottom: 'P' });
});

test('a sagittal slice', () => {
  expect(edgeLetters({ '00200037': el(0, 1, 0, 0, 0, -1) })).toEqual({ left: 'A', right: 'P', top: 'H', bottom: 'F' });
});

test('an oblique direction names both, the stronger first', () => {
  expect(directionLetters([0.8, -0.6, 0])).toBe('LA');
});

test('a projection takes Patient Orientation; nonsense gives no letter', () => {
  expect(edgeLetters({ '00200020': { vr: 'CS', Value: ['L', 'F'] } })).toEqual({ left: 'R', right: 'L', top: 'H', bottom: 'F' });
  expect(edgeLetters({ '00200020': { vr: 'CS', Value: ['<b>', 7] } })).toEqual({ left: '', right: '', top: '', bottom: '' });
  expect(edgeLetters({})).toEqual({ left: '', right: '', top: '', bottom: '' });
});
