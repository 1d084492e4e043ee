import { type DicomJson, text, values } from './dicom-json';

const palettes = ['00281201', '00281202', '00281203'];

const voiFunctions = ['LINEAR', 'LINEAR_EXACT', 'SIGMOID'];

/**
 * The metadata as Cornerstone's loader can take it: a series without Modality would stop it; it reads
 * palette entries from `Value` only, while the hub sends them as inline binary (16-bit words); and of
 * VOI LUT Function it takes the first element of the first value, so a plain string would become its
 * first letter and the picture would lose its window without a word.
 */
export function forLoader(dataset: DicomJson): DicomJson {
  const copy: DicomJson = { ...dataset };
  if (!text(dataset, '00080060')) copy['00080060'] = { vr: 'CS', Value: ['OT'] };
  const voiFunction = text(dataset, '00281056');
  if (voiFunctions.includes(voiFunction)) copy['00281056'] = { vr: 'CS', Value: [[voiFunction]] };
  else delete copy['00281056'];
  for (const tag of palettes) {
    const binary = (dataset[tag] as { InlineBinary?: unknown } | undefined)?.InlineBinary;
    if (typeof binary === 'string' && values(dataset, tag).length === 0) copy[tag] = { vr: 'OW', Value: words(binary) };
  }
  return copy;
}

function words(base64: string): number[] {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return [...new Uint16Array(bytes.buffer, 0, bytes.length >> 1)];
}
