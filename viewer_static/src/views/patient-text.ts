import type { Case, Patient, Prior } from '../api/types';
import { ageText } from '../i18n/dates';
import { t } from '../i18n/texts';

const spaced = (name: string): string => name.replaceAll('^', ' ').trim();

/** The name to read first: 漢字, else kana, else romaji. */
export const mainName = ({ name }: Patient): string =>
  spaced(name.ideographic) || spaced(name.phonetic) || spaced(name.alphabetic) || t('common.unknown');

/** The reading of the main name, where there is one. */
export function kanaName({ name }: Patient): string {
  const kana = spaced(name.phonetic) || spaced(name.alphabetic);
  return kana === mainName({ name } as Patient) ? '' : kana;
}

export const sexText = ({ sex }: Patient): string => (sex ? t(`sex.${sex}`) : '');

/** 72歳 男性, with the age on the day that matters. */
export const ageSex = (patient: Patient, on: string): string =>
  [ageText(patient.birth_date, on), sexText(patient)].filter(Boolean).join(' ');

/** 2026-11-21 CT 胸部単純CT: enough to tell one study of a patient from another. */
export const studyText = (one: Pick<Case & Prior, 'study_date' | 'modalities' | 'study_description' | 'body_part'>): string =>
  [one.study_date ?? '—', ...one.modalities, one.study_description || one.body_part].filter(Boolean).join(' ');
