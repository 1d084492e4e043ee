/** Reading single values out of the DICOM JSON model (PS3.18 Annex F). */
export type DicomJson = Record<string, { vr: string; Value?: unknown[] } | undefined>;

export function values(dataset: DicomJson, tag: string): unknown[] {
  const value = dataset[tag]?.Value;
  return Array.isArray(value) ? value : [];
}

export function text(dataset: DicomJson, tag: string): string {
  const value = values(dataset, tag)[0];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** Numbers of an attribute; an empty list unless every value is a finite number. */
export function numbers(dataset: DicomJson, tag: string): number[] {
  const found = values(dataset, tag).map((value) => (value === null || value === '' ? NaN : Number(value)));
  return found.every(Number.isFinite) ? found : [];
}

export const number = (dataset: DicomJson, tag: string): number | null => numbers(dataset, tag)[0] ?? null;
