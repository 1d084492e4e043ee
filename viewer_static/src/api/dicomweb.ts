import { fromBody, unreachable } from './errors';

/** One element of the DICOM JSON model (PS3.18 Annex F). */
export interface DicomElement {
  vr: string;
  Value?: unknown[];
}
export type DicomJson = Record<string, DicomElement>;

const root = '/dicomweb';

async function search(path: string): Promise<DicomJson[]> {
  let response: Response;
  try {
    response = await fetch(`${root}${path}`, {
      headers: { Accept: 'application/dicom+json' },
      credentials: 'same-origin',
    });
  } catch {
    throw unreachable();
  }
  if (response.status === 204) return [];
  if (!response.ok) throw fromBody(response.status, await response.json().catch(() => null));
  return (await response.json()) as DicomJson[];
}

/** QIDO-RS: the series of a study, each with the patient that the hub holds it for. */
export const searchSeries = (study: string): Promise<DicomJson[]> =>
  search(`/studies/${study}/series?includefield=PatientID&includefield=IssuerOfPatientID`);

/** WADO-RS: every attribute but the bulk data of every instance of a series. */
export const seriesMetadata = (study: string, series: string): Promise<DicomJson[]> =>
  search(`/studies/${study}/series/${series}/metadata`);

/** WADO-RS rendered: a small picture for the series strip. */
export const thumbnailUrl = (study: string, series: string, instance: string): string =>
  `${root}/studies/${study}/series/${series}/instances/${instance}/rendered?viewport=144,144`;
