/** Proves that the two who are compared are the two who are merged, and that a merge can be taken back. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Patient } from '../../src/api/patients';
import { PatientMerge } from '../../src/state/patient-merge';
import { pairRows } from '../../src/views/patients-compare';

const person = { patient_id: 'P-1', name: { alphabetic: 'Sato^Jiro', ideographic: '佐藤^次郎', phonetic: '' }, birth_date: '1980-05-05', sex: 'M' as const };
const patient = (number: number, merged: number | null = null): Patient => ({
  patient: number, site: { code: 'A', name: '港' }, demographics: person, merged_into: merged, same_person: [], studies: [],
} as unknown as Patient);

const gone = { error: { code: 'not_found', message: { ja: 'あ', en: 'a' }, next_step: { ja: 'い', en: 'b' } } };
let sent: { path: string; body: unknown }[];
let refusal: boolean;
let found: Patient[];
let known: Map<number, Patient>;

beforeEach(() => {
  sent = [];
  refusal = false;
  found = [patient(1), patient(2), patient(3)];
  known = new Map(found.map((one) => [one.patient, one]));
  vi.stubGlobal('fetch', (path: string, init: RequestInit) => {
    if (init.method === 'GET') {
      const [, one] = /\/api\/patients\/(\d+)$/.exec(path) ?? [];
      if (one && !known.has(Number(one))) return Promise.resolve(new Response(JSON.stringify(gone), { status: 404 }));
      const body = one ? known.get(Number(one)) : path.includes('/history') ? { decisions: [{ number: 9, kind: 'merge' }] } : { patients: found, total: 3 };
      return Promise.resolve(new Response(JSON.stringify(body)));
    }
    sent.push({ path, body: JSON.parse(String(init.body)) });
    const error = { error: { code: 'patient_merge_refused', message: { ja: 'あ', en: 'a' }, next_step: { ja: 'い', en: 'b' } } };
    return Promise.resolve(refusal ? new Response(JSON.stringify(error), { status: 409 }) : new Response('{}'));
  });
});
afterEach(() => vi.unstubAllGlobals());

async function comparing(): Promise<PatientMerge> {
  const merge = new PatientMerge();
  merge.type(' 佐藤 ');
  await merge.search();
  await merge.choose(patient(1));
  await merge.choose(patient(2));
  return merge;
}

const numbers = (merge: PatientMerge): number[] => merge.value.chosen.map((one) => one.patient);

test('two are compared; a third takes the place of the second, and sides are swapped', async () => {
  const merge = await comparing();
  expect(numbers(merge)).toEqual([1, 2]);
  await merge.choose(patient(3));
  expect(numbers(merge)).toEqual([1, 3]);
  await merge.choose(patient(3));
  merge.swap();
  expect(numbers(merge)).toEqual([3, 1]);
  merge.leave(patient(3));
  expect(numbers(merge)).toEqual([1]);
  expect(merge.value.history[1]).toEqual([{ number: 9, kind: 'merge' }]);
});

test('the second becomes the first, with the reason, and can become itself again', async () => {
  const merge = await comparing();
  merge.begin({ deed: 'merge', patient: patient(2), into: patient(1) });
  merge.enter('本人に確認');
  found = [];
  known = new Map([[1, { ...patient(1), same_person: [2] }], [2, { ...patient(2, 1), same_person: [1] }]]);
  await merge.send();
  expect(sent).toEqual([{ path: '/api/patients/2/merge', body: { into: 1, reason: '本人に確認' } }]);
  expect(merge.value.doing).toBeNull();
  const [person, merged] = merge.value.chosen;
  expect([person?.same_person, merged?.same_person]).toEqual([[2], [1]]);
  expect(merged?.merged_into).toBe(1);
  merge.begin({ deed: 'unmerge', patient: merged ?? patient(0) });
  merge.enter('別人だった');
  known = new Map([[1, patient(1)], [2, patient(2)]]);
  await merge.send();
  expect(sent[1]).toEqual({ path: '/api/patients/2/unmerge', body: { reason: '別人だった' } });
  expect(merge.value.chosen.map((one) => [one.merged_into, one.same_person])).toEqual([[null, []], [null, []]]);
});

test('nobody stays in the comparison as they were before, when the hub does not tell them anew', async () => {
  const merge = await comparing();
  merge.begin({ deed: 'merge', patient: patient(2), into: patient(1) });
  merge.enter('本人に確認');
  known = new Map();
  await merge.send();
  expect(merge.value).toMatchObject({ chosen: [], doing: null, error: { status: 404 } });
});

test('a refusal is shown and keeps what was typed', async () => {
  const merge = await comparing();
  refusal = true;
  merge.begin({ deed: 'merge', patient: patient(2), into: patient(1) });
  merge.enter('本人に確認');
  await merge.send();
  expect(merge.value.doing).toMatchObject({ reason: '本人に確認', busy: false });
  expect(merge.value.doing?.error?.status).toBe(409);
  expect(numbers(merge)).toEqual([1, 2]);
});

test('names, birth dates and sex that differ are marked, ids are not', () => {
  const other = { ...person, patient_id: 'X-9', birth_date: '1981-05-05', sex: '' as const, name: { ...person.name, ideographic: '佐藤^二郎' } };
  const keys = { alphabetic: 'satoujirou', ideographic: '佐藤次郎', phonetic: '' };
  const sides = [{ demographics: person, name_keys: keys }, { demographics: other, name_keys: { ...keys, ideographic: '佐藤二郎' } }] as const;
  const marked = pairRows(...sides).filter((row) => row.differs).map((row) => row.label);
  expect(marked).toEqual(['patients.ideographic', 'patients.birth_date']);
});
