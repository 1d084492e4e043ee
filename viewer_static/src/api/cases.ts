import { request } from './client';
import type { Case, CaseDetail, CasePage, CaseState, Report } from './types';

const one = (id: string): string => `/api/cases/${encodeURIComponent(id)}`;

export interface CaseQuery {
  state?: CaseState[];
  q?: string;
  limit?: number;
  offset?: number;
}

export const listCases = (query: CaseQuery): Promise<CasePage> =>
  request('GET', '/api/cases', undefined, { ...query });
export const getCase = (id: string): Promise<CaseDetail> => request('GET', one(id));
export const saveRequest = (
  id: string,
  body: { reason: string; clinical_history: string; version: number },
): Promise<Case> => request('PUT', `${one(id)}/request`, body);
export const claimCase = (id: string): Promise<Case> => request('POST', `${one(id)}/claim`);
/** Gives the case back, also while the page goes away. */
export const releaseCase = (id: string): Promise<Case> => request('POST', `${one(id)}/release`, undefined, undefined, true);
export const getCaseReport = (id: string): Promise<Report> => request('GET', `${one(id)}/report`);
export const saveDraft = (
  id: string,
  body: { findings: string; impression: string; revision: number },
): Promise<Report> => request('PUT', `${one(id)}/report/draft`, body, undefined, true);
/** What the signer's screen has shown: the case's `instance_count` and `versions_replaced` of when its images came on it. */
export interface SeenImages {
  instances?: number;
  replaced?: number;
}

export const signReport = (id: string, revision: number, seen: SeenImages): Promise<Report> =>
  request('POST', `${one(id)}/report/sign`, { revision, seen_instance_count: seen.instances, seen_images_replaced: seen.replaced });
