import { request } from './client';
import type { Patient, Person, Site } from './types';

export type RequestState = 'open' | 'done' | 'cancelled';
export type Priority = 'routine' | 'urgent' | 'stat';

/** A reading request (読影依頼), before and after its images have come. */
export interface ReadingRequest {
  id: string;
  state: RequestState;
  version: number;
  site: Site;
  patient: Patient;
  modality: string;
  procedure_description: string;
  body_part: string;
  scheduled_date: string;
  /** `HH:MM` in Japan; null: at any time of the day. */
  scheduled_time: string | null;
  station_ae_title: string;
  requesting_doctor: string;
  reason: string;
  clinical_history: string;
  priority: Priority;
  accession_number: string;
  study_uid: string;
  entered_at: string;
  entered_by: Person;
  cancelled_reason: string;
  performed: '' | 'IN PROGRESS' | 'COMPLETED' | 'DISCONTINUED';
  instance_count: number;
  expected_count: number | null;
  case_id: string | null;
  done_at: string | null;
  /** Images under this number name another patient and were not taken for the request. */
  patient_differs: boolean;
  changeable: boolean;
}

export interface RequestPage {
  requests: ReadingRequest[];
  total: number;
  counts: Record<'today' | RequestState, number>;
  today: string;
}

export interface RequestBody {
  patient: Pick<Patient, 'id' | 'name' | 'birth_date' | 'sex'>;
  modality: string;
  procedure_description: string;
  body_part: string;
  scheduled_date: string | null;
  scheduled_time: string | null;
  station_ae_title: string;
  requesting_doctor: string;
  reason: string;
  clinical_history: string;
  priority: Priority;
  accession_number: string;
  version: number;
}

export interface RequestQuery {
  state?: RequestState[];
  day?: string;
  q?: string;
  limit?: number;
}

const one = (id: string): string => `/api/requests/${encodeURIComponent(id)}`;

export const listRequests = (query: RequestQuery): Promise<RequestPage> => request('GET', '/api/requests', undefined, { ...query });
export const getRequest = (id: string): Promise<ReadingRequest> => request('GET', one(id));
export const enterRequest = (body: RequestBody): Promise<ReadingRequest> => request('POST', '/api/requests', body);
export const changeRequest = (id: string, body: RequestBody): Promise<ReadingRequest> => request('PUT', one(id), body);
export const cancelRequest = (id: string, reason: string, version: number): Promise<ReadingRequest> =>
  request('POST', `${one(id)}/cancel`, { reason, version });
export const knownPatient = (patient_id: string): Promise<{ patient: Patient | null }> =>
  request('GET', '/api/known-patient', undefined, { patient_id });
