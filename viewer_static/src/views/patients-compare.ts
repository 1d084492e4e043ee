import type { Demographics, PatientQuestion, Trait } from '../api/patients';
import { t, type Key } from '../i18n/texts';

export interface ComparedRow {
  label: Key;
  known: string;
  found: string;
  differs: boolean;
}

const spaced = (name: string): string => name.replaceAll('^', ' ').trim();
/** What the hub ignores in comparing names is ignored in marking them as well: width, case, spaces. */
const plain = (name: string): string => name.normalize('NFKC').toLowerCase().replace(/[\s^]/g, '');

export const sexText = ({ sex }: Demographics): string => (sex ? t(`sex.${sex}`) : t('patients.sex_unknown'));

/** Both sides of a question, item by item; a group of the name that only one side has is no difference. */
export function comparedRows({ known, found, differs }: Pick<PatientQuestion, 'known' | 'found' | 'differs'>): ComparedRow[] {
  const has = (trait: Trait): boolean => differs.includes(trait);
  const names = (['ideographic', 'phonetic', 'alphabetic'] as const)
    .filter((group) => known.name[group] || found.name[group])
    .map((group) => ({
      label: `patients.${group}` as Key,
      known: spaced(known.name[group]),
      found: spaced(found.name[group]),
      differs: has('name') && !!known.name[group] && !!found.name[group] && plain(known.name[group]) !== plain(found.name[group]),
    }));
  return [
    { label: 'patients.patient_id', known: known.patient_id, found: found.patient_id, differs: has('patient_id') },
    ...names,
    { label: 'patients.birth_date', known: known.birth_date ?? '', found: found.birth_date ?? '', differs: has('birth_date') },
    { label: 'patients.sex', known: sexText(known), found: sexText(found), differs: has('sex') },
  ];
}

const nobody: Demographics = { patient_id: '', name: { ideographic: '', phonetic: '', alphabetic: '' }, birth_date: null, sex: '' };

/** Two patients, item by item; their ids differ as a rule, and that is no warning. */
export function pairRows(one: Demographics = nobody, other: Demographics = nobody): ComparedRow[] {
  const differs: Trait[] = ['name'];
  if (one.birth_date && other.birth_date && one.birth_date !== other.birth_date) differs.push('birth_date');
  if (one.sex && other.sex && one.sex !== other.sex) differs.push('sex');
  return comparedRows({ known: one, found: other, differs });
}

/** The name as a Japanese reader looks for it: in kanji, else in kana, else in Latin letters. */
export const nameText = ({ name }: Demographics): string => spaced(name.ideographic || name.phonetic || name.alphabetic) || '—';

/** What the question is about, in a sentence. */
export const aboutText = ({ about, differs }: PatientQuestion): string =>
  t(about === 'images' ? 'patients.about_images' : differs.length ? 'patients.about_patient' : 'patients.about_several');
