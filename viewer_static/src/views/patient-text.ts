import type { Patient } from '../api/types';
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
