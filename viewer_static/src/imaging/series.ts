import { type DicomJson, number, numbers, text } from './dicom-json';
import { type EdgeLetters, edgeLetters } from './orientation';
import { inReadingOrder } from './stack-order';

/** One picture of a stack: an instance, or one frame of it. */
export interface Frame {
  imageId: string;
  metadata: DicomJson;
  sopInstanceUid: string;
  frameNumber: number;
  positionMm: number | null;
  edges: EdgeLetters;
}

export interface ImageSeries {
  seriesUid: string;
  seriesNumber: number | null;
  modality: string;
  description: string;
  laterality: string;
  frames: Frame[];
  multiFrame: boolean;
  frameTimeMs: number | null;
  thicknessMm: number | null;
  calibrated: boolean;
  lossyRatio: number | null;
  lossy: boolean;
}

/** Storage classes with a matrix that is no picture to read: SEG, parametric map, RT Dose, MR spectroscopy. */
const notPictures = new Set([
  '1.2.840.10008.5.1.4.1.1.66.4',
  '1.2.840.10008.5.1.4.1.1.30',
  '1.2.840.10008.5.1.4.1.1.481.2',
  '1.2.840.10008.5.1.4.1.1.4.2',
]);
const lossySyntaxes = /^1\.2\.840\.10008\.1\.2\.4\.(50|51|81|91|93|112|203)$/;

export const hasPicture = (one: DicomJson): boolean =>
  (number(one, '00280010') ?? 0) > 0 && (number(one, '00280011') ?? 0) > 0 && !notPictures.has(text(one, '00080016'));

/** What the viewer needs to know of a series, from its WADO-RS metadata. */
export function readSeries(origin: string, studyUid: string, seriesUid: string, instances: readonly DicomJson[]): ImageSeries {
  const pictures = inReadingOrder(instances.filter(hasPicture));
  const frames = pictures.flatMap((one) => framesOf(origin, studyUid, seriesUid, one));
  const any = pictures[0] ?? instances[0] ?? {};
  const multiFrame = pictures.some((one) => (number(one, '00280008') ?? 1) > 1);
  const ratios = pictures.map((one) => numbers(one, '00282112').at(-1) ?? 0);
  return {
    seriesUid,
    seriesNumber: number(any, '00200011'),
    modality: text(any, '00080060'),
    description: text(any, '0008103E') || text(any, '00181030'),
    laterality: text(any, '00200062') || text(any, '00200060'),
    frames,
    multiFrame,
    frameTimeMs: frameTime(any),
    thicknessMm: number(any, '00180050'),
    calibrated: numbers(any, '00280030').length === 2 || any['00186011'] !== undefined || any['52009229'] !== undefined,
    lossy: pictures.some((one) => text(one, '00282110') === '01' || lossySyntaxes.test(text(one, '00083002'))),
    lossyRatio: Math.max(0, ...ratios) || null,
  };
}

function framesOf(origin: string, studyUid: string, seriesUid: string, one: DicomJson): Frame[] {
  const sopInstanceUid = text(one, '00080018');
  const base = `wadors:${origin}/dicomweb/studies/${studyUid}/series/${seriesUid}/instances/${sopInstanceUid}/frames/`;
  const count = Math.max(1, number(one, '00280008') ?? 1);
  const edges = edgeLetters(one);
  return Array.from({ length: count }, (_, i) => ({
    imageId: `${base}${i + 1}`,
    metadata: one,
    sopInstanceUid,
    frameNumber: i + 1,
    positionMm: number(one, '00201041') ?? numbers(one, '00200032')[2] ?? null,
    edges,
  }));
}

function frameTime(one: DicomJson): number | null {
  const time = number(one, '00181063');
  const rate = number(one, '00082144') ?? number(one, '00180040');
  return time && time > 0 ? time : rate && rate > 0 ? 1000 / rate : null;
}
