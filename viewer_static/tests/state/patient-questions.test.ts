/** Proves that an answer reaches the hub as it was meant, and that a refusal loses nothing of it. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { PatientQuestion } from '../../src/api/patients';
import { PatientQuestions } from '../../src/state/patient-questions';

const person = { patient_id: 'P-1', name: { alphabetic: '', ideographic: '佐藤^次郎', phonetic: '' }, birth_date: '1980-05-05', sex: 'M' as const };
const question = {
  id: 'q1', state: 'open', about: 'patient', study: { study_uid: '1.2.3' }, differs: ['name'], known: person, found: person, decision: { number: 7 },
} as unknown as PatientQuestion;

let sent: { method: string; path: string; body: unknown }[];
let refusal: { status: number; body: unknown } | null;

beforeEach(() => {
  sent = [];
  refusal = null;
  vi.stubGlobal('fetch', (path: string, init: RequestInit) => {
    if (init.method === 'GET') return Promise.resolve(new Response(JSON.stringify({ questions: [question], total: 1, open: 1 })));
    sent.push({ method: init.method ?? '', path, body: JSON.parse(String(init.body)) });
    return Promise.resolve(refusal ? new Response(JSON.stringify(refusal.body), { status: refusal.status }) : new Response('{}'));
  });
});
afterEach(() => vi.unstubAllGlobals());

test.each([
  [{ deed: 'match', holds: 'found' }, '/api/patient-questions/q1/match', { holds: 'found', reason: '改姓' }],
  [{ deed: 'separate' }, '/api/studies/1.2.3/patient/separate', { reason: '改姓' }],
  [{ deed: 'correct', right: person }, '/api/studies/1.2.3/patient/correct', { demographics: person, reason: '改姓' }],
  [{ deed: 'undo' }, '/api/patient-decisions/7/undo', { reason: '改姓' }],
] as const)('%o goes where it belongs', async (answer, path, body) => {
  const questions = new PatientQuestions();
  questions.begin(question, answer);
  questions.enter({ reason: '改姓' });
  await questions.send();
  expect(sent).toEqual([{ method: 'POST', path, body }]);
  expect(questions.value.answering).toBeNull();
  expect(questions.value.page?.open).toBe(1);
});

test('what is entered in a correction is sent, an empty date as none', async () => {
  const questions = new PatientQuestions();
  questions.begin(question, { deed: 'correct', right: person });
  questions.enter({ right: { patient_id: 'P-2', birth_date: '' } });
  questions.enter({ reason: '誤入力' });
  await questions.send();
  expect(sent[0]?.body).toEqual({ demographics: { ...person, patient_id: 'P-2', birth_date: null }, reason: '誤入力' });
});

test('a refusal is shown and keeps what was typed', async () => {
  refusal = { status: 409, body: { error: { code: 'patient_still_contradicts', message: { ja: 'あ', en: 'a' }, next_step: { ja: 'い', en: 'b' } } } };
  const questions = new PatientQuestions();
  questions.begin(question, { deed: 'separate' });
  questions.enter({ reason: '別人' });
  await questions.send();
  expect(questions.value.answering).toMatchObject({ reason: '別人', busy: false });
  expect(questions.value.answering?.error?.status).toBe(409);
});
