import { request } from './client';
import type { PersonName, Site } from './types';

export type Sex = '' | 'M' | 'F' | 'O';

export interface Demographics {
  patient_id: string;
  name: PersonName;
  birth_date: string | null;
  sex: Sex;
}

export type Trait = 'patient_id' | 'name' | 'birth_date' | 'sex';
export type DecisionKind = 'match' | 'correct' | 'separate' | 'reopen' | 'merge' | 'unmerge' | 'reread';

export interface PatientDecision {
  number: number;
  kind: DecisionKind;
  at: string;
  actor: string;
  actor_name: string;
  reason: string;
  undone: boolean;
}

/** A study whose patient is in question: what was known, what came. */
export interface PatientQuestion {
  id: string;
  state: QuestionState;
  about: 'patient' | 'images';
  site: Site;
  study: {
    study_uid: string;
    study_date: string | null;
    modalities: string[];
    study_description: string;
    accession_number: string;
    instance_count: number;
    issuer_of_patient_id: string;
  };
  differs: Trait[];
  known: Demographics;
  found: Demographics;
  /** The names as the hub compares them, group by group. */
  known_keys: PersonName;
  found_keys: PersonName;
  /** Studies of the patient who is known. */
  known_studies: number;
  asked_at: string;
  decision: PatientDecision | null;
}

export type QuestionState = 'open' | 'resolved';

export interface QuestionPage {
  questions: PatientQuestion[];
  total: number;
  open: number;
}

const study = (uid: string): string => `/api/studies/${encodeURIComponent(uid)}/patient`;

export const listQuestions = (query: { state: QuestionState; limit: number }): Promise<QuestionPage> =>
  request('GET', '/api/patient-questions', undefined, { ...query });
export const matchPatient = (id: string, holds: 'known' | 'found', reason: string): Promise<PatientDecision> =>
  request('POST', `/api/patient-questions/${encodeURIComponent(id)}/match`, { holds, reason });
export const correctPatient = (uid: string, demographics: Demographics, reason: string): Promise<PatientDecision> =>
  request('POST', `${study(uid)}/correct`, { demographics, reason });
export const separatePatient = (uid: string, reason: string): Promise<PatientDecision> =>
  request('POST', `${study(uid)}/separate`, { reason });
export const undoDecision = (number: number, reason: string): Promise<PatientDecision> =>
  request('POST', `/api/patient-decisions/${number}/undo`, { reason });

/** A patient with everybody who is the same person by a merge, and the studies of them that the caller may know. */
export interface Patient {
  patient: number;
  site: Site;
  demographics: Demographics;
  /** The name as the hub compares it, group by group. */
  name_keys: PersonName;
  merged_into: number | null;
  same_person: number[];
  studies: PatientQuestion['study'][];
}

export const findPatients = (q: string, limit: number): Promise<{ patients: Patient[]; total: number }> =>
  request('GET', '/api/patients', undefined, { q, limit });
export const getPatient = (patient: number): Promise<Patient> => request('GET', `/api/patients/${patient}`);
export const mergePatients = (patient: number, into: number, reason: string): Promise<PatientDecision> =>
  request('POST', `/api/patients/${patient}/merge`, { into, reason });
export const unmergePatient = (patient: number, reason: string): Promise<PatientDecision> =>
  request('POST', `/api/patients/${patient}/unmerge`, { reason });
export const patientHistory = (patient: number): Promise<{ decisions: PatientDecision[] }> =>
  request('GET', `/api/patients/${patient}/history`);
