import { afterEach, expect, it, vi } from 'vitest';
import { ApiError } from '../../src/api/errors';
import * as api from '../../src/api/requests';
import type { ReadingRequest } from '../../src/api/requests';
import { RequestEntry, bodyOf, emptyFields, fieldsOf, wrongField } from '../../src/state/request-entry';
import { questionOf } from '../../src/state/request-list';
import { arrivals } from '../../src/views/requests-view';

const known: ReadingRequest = {
  id: 'r1', state: 'open', version: 3, site: { code: 'MINATO', name: 'みなと診療所' },
  patient: { id: 'M1', name: { alphabetic: '', ideographic: '髙橋 花子', phonetic: 'タカハシ ハナコ' }, birth_date: '1970-03-03', sex: 'F' },
  modality: 'CT', procedure_description: '胸部単純CT', body_part: 'CHEST', scheduled_date: '2026-11-21', scheduled_time: '14:30',
  station_ae_title: '', requesting_doctor: '湊 一朗', reason: '咳嗽', clinical_history: '', priority: 'urgent', accession_number: 'R2611210001',
  study_uid: '2.25.1', entered_at: '2026-11-21T01:00:00Z', entered_by: { login: 'tech', name: '技師' }, cancelled_reason: '', performed: '',
  instance_count: 0, expected_count: null, case_id: null, done_at: null, patient_differs: false, changeable: true,
};
const refusal = (code: string, details: Record<string, unknown> = {}): ApiError =>
  new ApiError(400, code, { ja: '誤り', en: 'wrong' }, { ja: '', en: '' }, details, '');

afterEach(() => vi.restoreAllMocks());

it('carries every field of a request to the form and back', () => {
  const { id, name, birth_date, sex } = known.patient;
  expect(bodyOf(fieldsOf(known), 3)).toEqual({
    patient: { id, name, birth_date, sex }, modality: 'CT', procedure_description: '胸部単純CT', body_part: 'CHEST',
    scheduled_date: '2026-11-21', scheduled_time: '14:30', station_ae_title: '', requesting_doctor: '湊 一朗', reason: '咳嗽',
    clinical_history: '', priority: 'urgent', accession_number: 'R2611210001', version: 3,
  });
});

it('sends empty dates and times as null', () => {
  const body = bodyOf({ ...emptyFields('2026-11-21'), scheduled_date: '' }, 0);
  expect([body.scheduled_date, body.scheduled_time, body.patient.birth_date]).toEqual([null, null, null]);
});

it('finds the input that the hub refused', () => {
  expect(wrongField(refusal('wrong_request', { field: 'patient.name.alphabetic' }))).toBe('alphabetic');
  expect(wrongField(refusal('wrong_request', { field: 'modality' }))).toBe('modality');
  expect(wrongField(refusal('accession_taken'))).toBe('accession_number');
  expect(wrongField(refusal('forbidden'))).toBeNull();
});

it('keeps what was typed when the hub refuses it', async () => {
  vi.spyOn(api, 'enterRequest').mockRejectedValue(refusal('wrong_request', { field: 'patient.id' }));
  const entry = new RequestEntry(null);
  entry.type({ ideographic: '山田 太郎' });
  expect(await entry.save()).toBeNull();
  expect([entry.value.wrong, entry.value.fields.ideographic, entry.value.phase]).toEqual(['patient_id', '山田 太郎', 'editing']);
});

it('keeps what was typed when somebody else was faster, and saves over the newer version then', async () => {
  vi.spyOn(api, 'getRequest').mockResolvedValue(known);
  const newer = { ...known, version: 4, reason: '血痰' };
  const change = vi.spyOn(api, 'changeRequest').mockRejectedValueOnce(refusal('stale_reading_request', { current: newer })).mockResolvedValue({ ...newer, version: 5 });
  const entry = new RequestEntry('r1');
  await entry.load();
  entry.type({ reason: '発熱' });
  await entry.save();
  expect([entry.value.stale, entry.value.fields.reason]).toEqual([true, '発熱']);
  await entry.save();
  expect(change.mock.calls.map(([, body]) => [body.version, body.reason])).toEqual([[3, '発熱'], [4, '発熱']]);
  expect(entry.value.phase).toBe('saved');
});

it('is not written over by a poll while somebody types', async () => {
  const get = vi.spyOn(api, 'getRequest').mockResolvedValue(known);
  const entry = new RequestEntry('r1');
  await entry.load();
  entry.type({ reason: '発熱' });
  get.mockResolvedValue({ ...known, version: 9, reason: '別', instance_count: 12 });
  await entry.load();
  expect([entry.value.fields.reason, entry.value.known?.instance_count, entry.value.known?.version]).toEqual(['発熱', 12, 3]);
});

it('fills in a known patient only where nothing was typed', async () => {
  vi.spyOn(api, 'knownPatient').mockResolvedValue({ patient: known.patient });
  const entry = new RequestEntry(null);
  entry.type({ patient_id: 'M1' });
  await entry.fillPatient();
  expect([entry.value.fields.ideographic, entry.value.fields.sex]).toEqual(['髙橋 花子', 'F']);
  const typed = new RequestEntry(null);
  typed.type({ patient_id: 'M1', ideographic: '佐藤' });
  await typed.fillPatient();
  expect([typed.value.fields.ideographic, typed.value.fields.sex]).toEqual(['佐藤', '']);
});

it('asks for the day in Japan without what was cancelled', () => {
  expect(questionOf('today', '2026-11-21')).toEqual({ day: '2026-11-21', state: ['open', 'done'] });
  expect(questionOf('done', '2026-11-21')).toEqual({ state: ['done'] });
});

it('tells how many of how many images are here', () => {
  expect(arrivals({ instance_count: 312, expected_count: 500 })).toBe('312 / 500 枚 受信');
  expect(arrivals({ instance_count: 3, expected_count: null })).toBe('3 枚 受信');
});
