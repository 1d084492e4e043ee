import type { Demographics, Patient, PatientQuestion, Trait } from '../api/patients';
import { t, type Key } from '../i18n/texts';

export interface ComparedRow {
  label: Key;
  known: string;
  found: string;
  differs: boolean;
}

const spaced = (name: string): string => name.replaceAll('^', ' ').trim();

export const sexText = ({ sex }: Demographics): string => (sex ? t(`sex.${sex}`) : t('patients.sex_unknown'));

type Compared = Pick<PatientQuestion, 'known' | 'found' | 'known_keys' | 'found_keys' | 'differs'>;

/**
 * Both sides of a question, item by item. Names differ where the hub's keys of them do, so that 髙橋 and 高橋 are one
 * here as well; a group of the name that only one side has is no difference.
 */
export function comparedRows({ known, found, known_keys, found_keys, differs }: Compared): ComparedRow[] {
  const has = (trait: Trait): boolean => differs.includes(trait);
  const names = (['ideographic', 'phonetic', 'alphabetic'] as const)
    .filter((group) => known.name[group] || found.name[group])
    .map((group) => ({
      label: `patients.${group}` as Key,
      known: spaced(known.name[group]),
      found: spaced(found.name[group]),
      differs: has('name') && !!known_keys[group] && !!found_keys[group] && known_keys[group] !== found_keys[group],
    }));
  return [
    { label: 'patients.patient_id', known: known.patient_id, found: found.patient_id, differs: has('patient_id') },
    ...names,
    { label: 'patients.birth_date', known: known.birth_date ?? '', found: found.birth_date ?? '', differs: has('birth_date') },
    { label: 'patients.sex', known: sexText(known), found: sexText(found), differs: has('sex') },
  ];
}

const nameless = { ideographic: '', phonetic: '', alphabetic: '' };
const nobody: Side = { demographics: { patient_id: '', name: nameless, birth_date: null, sex: '' }, name_keys: nameless };
type Side = Pick<Patient, 'demographics' | 'name_keys'>;

/** Two patients, item by item; their ids differ as a rule, and that is no warning. */
export function pairRows({ demographics: one, name_keys: known_keys } = nobody, { demographics: other, name_keys: found_keys } = nobody): ComparedRow[] {
  const differs: Trait[] = ['name'];
  if (one.birth_date && other.birth_date && one.birth_date !== other.birth_date) differs.push('birth_date');
  if (one.sex && other.sex && one.sex !== other.sex) differs.push('sex');
  return comparedRows({ known: one, found: other, known_keys, found_keys, differs });
}

/** The name as a Japanese reader looks for it: in kanji, else in kana, else in Latin letters. */
export const nameText = ({ name }: Demographics): string => spaced(name.ideographic || name.phonetic || name.alphabetic) || '—';

/** What the question is about, in a sentence. */
export const aboutText = ({ about, differs }: PatientQuestion): string =>
  t(about === 'images' ? 'patients.about_images' : differs.length ? 'patients.about_patient' : 'patients.about_several');
