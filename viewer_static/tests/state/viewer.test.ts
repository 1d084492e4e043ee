/** Proves that the viewer shows a study only while every dataset of it is the case's patient and the study asked for. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Viewer } from '../../src/state/viewer';

const view = vi.hoisted(() => ({ show: vi.fn<(frames: unknown[]) => Promise<void>>(), choose: vi.fn(), destroy: vi.fn() }));
vi.mock('../../src/imaging/stack-view', () => ({ StackView: { open: () => Promise.resolve(view) } }));

const el = (vr: string, ...Value: unknown[]): unknown => ({ vr, Value });
const series = (uid: string, patient = 'M1', site = 'minami', study = '1.2.3'): Record<string, unknown> => ({
  '00080060': el('CS', 'CT'), '0020000D': el('UI', study), '0020000E': el('UI', uid), '00200011': el('IS', Number(uid.at(-1))), '00201209': el('IS', 1),
  '00100020': el('LO', patient), '00100021': el('LO', site),
});
const image = (uid: string, patient: string | null = 'M1', study = '1.2.3'): Record<string, unknown> => ({
  '00080018': el('UI', `${uid}.1`), '00080060': el('CS', 'CT'), '0020000D': el('UI', study), '0020000E': el('UI', uid),
  '00280010': el('US', 64), '00280011': el('US', 64), '00100020': patient === null ? { vr: 'LO' } : el('LO', patient), '00100021': el('LO', 'SCANNER'),
});

let found: unknown[];
let metadata: Record<string, unknown[]>;
let viewer: Viewer;
const own = { patientId: 'M1', siteCode: 'minami' };

beforeEach(() => {
  vi.clearAllMocks();
  found = [series('1.2.3.1')];
  metadata = { '1.2.3.1': [image('1.2.3.1')] };
  vi.stubGlobal('fetch', async (path: string) => {
    const uid = /series\/([\d.]+)\/metadata/.exec(path)?.[1];
    return new Response(JSON.stringify(uid ? metadata[uid] : found));
  });
  viewer = new Viewer();
  viewer.attach(document.createElement('div'));
});
afterEach(() => vi.unstubAllGlobals());

test("the case's own images are shown", async () => {
  await viewer.openStudy('1.2.3', own);
  expect(view.show).toHaveBeenCalledOnce();
  expect(viewer.value).toMatchObject({ current: '1.2.3.1', stranger: null });
});

test('an image without a patient ID is no contradiction', async () => {
  metadata['1.2.3.1'] = [image('1.2.3.1', null)];
  await viewer.openStudy('1.2.3', own);
  expect(view.show).toHaveBeenCalledOnce();
});

describe('refused, and nothing of it is drawn', () => {
  test.each([
    ['patient', "another patient's series", () => (found = [series('1.2.3.1', 'M2')])],
    ['site', 'the same number given out by another site', () => (found = [series('1.2.3.1', 'M1', 'yamate')])],
    ['study', 'another study', () => (found = [series('1.2.3.1', 'M1', 'minami', '9.9')])],
    ['patient', "another patient's image", () => (metadata['1.2.3.1'] = [image('1.2.3.1'), image('1.2.3.1', 'M2')])],
    ['study', 'an image of another study', () => (metadata['1.2.3.1'] = [image('1.2.3.1', 'M1', '9.9')])],
  ])('%s: %s', async (what, _, arrange) => {
    arrange();
    await viewer.openStudy('1.2.3', own);
    expect(viewer.value).toMatchObject({ phase: 'refused', series: [], current: null });
    expect(viewer.value.stranger?.what).toBe(what);
    expect(view.show).not.toHaveBeenCalled();
  });
});

test("another patient's images in a later series take the first one off the screen again", async () => {
  found = [series('1.2.3.1'), series('1.2.3.2')];
  metadata['1.2.3.2'] = [image('1.2.3.2', 'M2')];
  await viewer.openStudy('1.2.3', own);
  expect(viewer.value).toMatchObject({ phase: 'refused', series: [], stranger: { what: 'patient', expected: 'M1', found: 'M2' } });
  expect(view.destroy).toHaveBeenCalledOnce();
});

test('going on to a study that is right lifts the refusal', async () => {
  found = [series('1.2.3.1', 'M2')];
  await viewer.openStudy('1.2.3', own);
  found = [series('1.2.3.1')];
  await viewer.openStudy('1.2.3', own, { again: true });
  expect(viewer.value.stranger).toBeNull();
});
