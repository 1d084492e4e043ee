import { type DicomJson, number, numbers } from './dicom-json';

/**
 * Instances in reading order: along the slice normal where every slice has its own position in one
 * orientation, else by Instance Number. The direction follows Instance Number, as the scanner meant it.
 */
export function inReadingOrder(instances: readonly DicomJson[]): DicomJson[] {
  const byNumber = [...instances].sort((a, b) => (number(a, '00200013') ?? 0) - (number(b, '00200013') ?? 0));
  const distances = byNumber.map(alongNormal);
  const oriented = new Set(byNumber.map((one) => orientationKey(one)));
  if (oriented.size !== 1 || distances.some((d) => d === null) || new Set(distances).size !== distances.length) return byNumber;
  const first = distances[0] as number;
  const last = distances.at(-1) as number;
  const sign = last < first ? -1 : 1;
  return byNumber
    .map((instance, i) => ({ instance, at: (distances[i] as number) * sign }))
    .sort((a, b) => a.at - b.at)
    .map(({ instance }) => instance);
}

const orientationKey = (one: DicomJson): string => numbers(one, '00200037').map((v) => v.toFixed(3)).join();

function alongNormal(one: DicomJson): number | null {
  const [rx, ry, rz, cx, cy, cz] = numbers(one, '00200037') as [number, number, number, number, number, number];
  const [px, py, pz] = numbers(one, '00200032') as [number, number, number];
  const distance = px * (ry * cz - rz * cy) + py * (rz * cx - rx * cz) + pz * (rx * cy - ry * cx);
  return Number.isFinite(distance) ? Math.round(distance * 1000) / 1000 : null;
}
