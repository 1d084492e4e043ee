/** Proves which pictures of a series are shown, in which order, and what is said about them. */
import { expect, test } from 'vitest';
import type { DicomJson } from '../../src/imaging/dicom-json';
import { readSeries } from '../../src/imaging/series';

const el = (vr: string, ...Value: unknown[]) => ({ vr, Value });
const instance = (uid: string, extra: DicomJson = {}): DicomJson => ({
  '00080018': el('UI', uid),
  '00080060': el('CS', 'CT'),
  '00280010': el('US', 64),
  '00280011': el('US', 64),
  ...extra,
});
const axial = (uid: string, number: number, z: number): DicomJson =>
  instance(uid, {
    '00200013': el('IS', number),
    '00200032': el('DS', 0, 0, z),
    '00200037': el('DS', 1, 0, 0, 0, 1, 0),
    '00280030': el('DS', 0.5, 0.5),
  });
const read = (...instances: DicomJson[]) => readSeries('http://hub', '1.2', '1.2.3', instances);
const uids = (...instances: DicomJson[]): string[] => read(...instances).frames.map((frame) => frame.sopInstanceUid);

test('image ids follow WADO-RS', () => {
  expect(read(instance('9')).frames[0]?.imageId).toBe('wadors:http://hub/dicomweb/studies/1.2/series/1.2.3/instances/9/frames/1');
});

test('slices are ordered by position, in the direction of the instance numbers', () => {
  expect(uids(axial('b', 3, 10), axial('c', 1, 30), axial('a', 2, 20))).toEqual(['c', 'a', 'b']);
  expect(uids(axial('a', 1, 0), axial('b', 3, 5), axial('c', 2, 9))).toEqual(['a', 'b', 'c']);
});

test('without distinct positions the instance numbers count', () => {
  expect(uids(axial('b', 2, 5), axial('a', 1, 5))).toEqual(['a', 'b']);
  expect(uids(instance('b', { '00200013': el('IS', '10') }), instance('a', { '00200013': el('IS', '9') }))).toEqual(['a', 'b']);
});

test('a multi-frame instance becomes its frames', () => {
  const cine = read(instance('u', { '00280008': el('IS', '3'), '00181063': el('DS', '40') }));
  expect(cine.frames.map((frame) => frame.frameNumber)).toEqual([1, 2, 3]);
  expect([cine.multiFrame, cine.frameTimeMs, cine.calibrated]).toEqual([true, 40, false]);
});

test('objects without a picture to read are left out', () => {
  const report: DicomJson = { '00080018': el('UI', 's'), '00080060': el('CS', 'SR') };
  const segmentation = instance('g', { '00080016': el('UI', '1.2.840.10008.5.1.4.1.1.66.4') });
  expect(read(report, segmentation).frames).toEqual([]);
  expect(read(report).modality).toBe('SR');
  expect(uids(report, instance('p'))).toEqual(['p']);
});

test('lossy compression is told by the flag and by the transfer syntax', () => {
  expect(read(instance('a')).lossy).toBe(false);
  expect(read(instance('a', { '00282110': el('CS', '01'), '00282112': el('DS', 5, 12) }))).toMatchObject({ lossy: true, lossyRatio: 12 });
  expect(read(instance('a', { '00083002': el('UI', '1.2.840.10008.1.2.4.50') })).lossy).toBe(true);
  expect(read(instance('a', { '00083002': el('UI', '1.2.840.10008.1.2.4.80') })).lossy).toBe(false);
});

test('damaged metadata does not stop the series', () => {
  const damaged = instance('d', { '00200032': el('DS', 'x', null, ''), '00200037': { vr: 'DS' }, '00200013': el('IS', '?') });
  expect(uids(damaged, instance('e'))).toHaveLength(2);
  expect(read().frames).toEqual([]);
});
