/** Proves that the comparison marks what differs, and nothing that is only written otherwise. */
import { expect, test } from 'vitest';
import type { Demographics, PatientQuestion } from '../../src/api/patients';
import { aboutText, comparedRows, pairRows } from '../../src/views/patients-compare';

const known = { patient_id: 'P-1', name: { alphabetic: 'Yamada^Taro', ideographic: '山田^太郎', phonetic: 'やまだ^たろう' }, birth_date: '1970-01-02', sex: 'M' };
const keys = { alphabetic: 'yamadatarou', ideographic: '山田太郎', phonetic: 'やまだたろう' };
const ask = (found: object, differs: string[], about = 'patient', found_keys: object = {}): PatientQuestion =>
  ({ known, found: { ...known, ...found }, known_keys: keys, found_keys: { ...keys, ...found_keys }, differs, about }) as unknown as PatientQuestion;
const marked = (question: PatientQuestion): string[] => comparedRows(question).filter((row) => row.differs).map((row) => row.label);

test('what differs is marked, item by item', () => {
  const found = { name: { alphabetic: 'YAMADA TARO', ideographic: '佐藤^次郎', phonetic: '' }, birth_date: '1980-05-05' };
  expect(marked(ask(found, ['name', 'birth_date'], 'patient', { ideographic: '佐藤次郎', phonetic: '' }))).toEqual(['patients.ideographic', 'patients.birth_date']);
  expect(marked(ask({ sex: 'F' }, ['sex']))).toEqual(['patients.sex']);
  expect(marked(ask({}, []))).toEqual([]);
});

test('names are one where the hub compares them as one, however they are written', () => {
  const found = { name: { alphabetic: 'YAMADA TARO', ideographic: '山田^太郞', phonetic: 'ヤマダ^タロウ' }, sex: 'F' };
  expect(marked(ask(found, ['name', 'sex']))).toEqual(['patients.sex']);
  const two = { ...found, patient_id: 'X-9', birth_date: '1970-01-02', sex: 'M' } as Demographics;
  expect(pairRows({ demographics: known as Demographics, name_keys: keys }, { demographics: two, name_keys: keys }).filter((row) => row.differs)).toEqual([]);
});

test('a name is shown with a space, and a group that nobody has is left out', () => {
  const nameless = { alphabetic: '', ideographic: '', phonetic: '' };
  const rows = comparedRows({ ...ask({ name: nameless }, []), known: { ...known, name: { ...nameless, ideographic: '山田^太郎' } } } as PatientQuestion);
  expect(rows.map((row) => row.label)).toEqual(['patients.patient_id', 'patients.ideographic', 'patients.birth_date', 'patients.sex']);
  expect(rows[1]).toMatchObject({ known: '山田 太郎', found: '', differs: false });
});

test('the sentence says what the question is about', () => {
  expect(aboutText(ask({}, ['name']))).toBe('同じ患者IDの登録と違います');
  expect(aboutText(ask({}, []))).toBe('同じ患者IDの患者が複数います');
  expect(aboutText(ask({}, ['name'], 'images'))).toBe('1つの検査に、違う患者の画像があります');
});
