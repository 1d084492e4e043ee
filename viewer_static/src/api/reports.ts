import { request } from './client';
import type { DeliveryState, Report, ReportPage } from './types';

const one = (id: string): string => `/api/reports/${encodeURIComponent(id)}`;

export interface ReportQuery {
  state?: DeliveryState[];
  q?: string;
  limit?: number;
  offset?: number;
}

export const listReports = (query: ReportQuery): Promise<ReportPage> =>
  request('GET', '/api/reports', undefined, { ...query });
export const getReport = (id: string): Promise<Report> => request('GET', one(id));
export const acknowledgeReport = (id: string): Promise<Report> => request('POST', `${one(id)}/acknowledge`);
export const actOnReport = (id: string, note: string): Promise<Report> => request('POST', `${one(id)}/act`, { note });
export const reportPdfUrl = (id: string): string => `${one(id)}/pdf`;
