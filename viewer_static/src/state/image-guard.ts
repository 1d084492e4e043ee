import { type DicomJson, text } from '../imaging/dicom-json';

/** Whose images belong to a case. A patient is known by the issuing site and the Patient ID. */
export interface Subject {
  patientId: string;
  siteCode: string;
}

/** What the hub sent instead: images that must not be shown beside this case's report. */
export interface Stranger {
  what: 'patient' | 'site' | 'study';
  expected: string;
  found: string;
}

export class StrangerImages extends Error {
  constructor(readonly stranger: Stranger) {
    super(`images of another ${stranger.what}`);
  }
}

/**
 * Check datasets of one study against the case.
 *
 * An attribute that is absent or empty is no contradiction. `issuedHere`: Issuer of Patient ID comes from
 * the hub's index and names its site; inside the images it is whatever the scanner wrote, and says nothing.
 * @throws StrangerImages at the first contradiction.
 */
export function requireOwn(datasets: readonly DicomJson[], studyUid: string, subject: Subject, { issuedHere = false } = {}): void {
  for (const one of datasets) {
    same('study', studyUid, text(one, '0020000D'));
    same('patient', subject.patientId, text(one, '00100020'));
    if (issuedHere) same('site', subject.siteCode, text(one, '00100021'));
  }
}

function same(what: Stranger['what'], expected: string, found: string): void {
  if (found.trim() !== '' && found.trim() !== expected.trim()) throw new StrangerImages({ what, expected, found: found.trim() });
}
