// For development only: just enough QIDO-RS and WADO-RS for the viewer.
import { cases } from './data.mjs';
import { kindOf, pixels, rendered } from './phantoms.mjs';
import { greyPng } from './png.mjs';

const el = (vr, ...Value) => (Value.length && Value[0] !== undefined ? { vr, Value } : { vr });

function find(study, series) {
  const oneCase = cases.find((c) => c.study_uid === study);
  return { oneCase, one: oneCase?.all.find((s) => s.uid === series) };
}

function seriesJson(oneCase, one, number) {
  return {
    '00080060': el('CS', one.modality),
    '0008103E': el('LO', one.description),
    '00100020': el('LO', oneCase.patient.id),
    '00100021': el('LO', oneCase.site.code),
    '0020000D': el('UI', oneCase.study_uid),
    '0020000E': el('UI', one.uid),
    '00200011': el('IS', number),
    '00201209': el('IS', one.multiframe ? 1 : one.count),
  };
}

function instanceJson(oneCase, one, index) {
  const number = oneCase.all.indexOf(one) + 1;
  const base = {
    ...seriesJson(oneCase, one, number),
    '00080005': el('CS', 'ISO_IR 192'),
    '00080016': el('UI', one.kind === 'sr' ? '1.2.840.10008.5.1.4.1.1.88.67' : '1.2.840.10008.5.1.4.1.1.2'),
    '00080018': el('UI', `${one.uid}.${index + 1}`),
    '00080020': el('DA', oneCase.study_date.replaceAll('-', '')),
    '00200013': el('IS', index + 1),
  };
  if (one.kind === 'sr') return base;
  const { size, window, signed } = kindOf(one.kind);
  const spacing = 230 / size;
  return {
    ...base,
    '00280002': el('US', 1),
    '00280004': el('CS', 'MONOCHROME2'),
    '00280010': el('US', size),
    '00280011': el('US', size),
    '00280100': el('US', 16),
    '00280101': el('US', 16),
    '00280102': el('US', 15),
    '00280103': el('US', signed ? 1 : 0),
    '00281050': el('DS', window[1]),
    '00281051': el('DS', window[0]),
    '00281052': el('DS', 0),
    '00281053': el('DS', 1),
    '00083002': el('UI', '1.2.840.10008.1.2.1'),
    ...(one.lossy ? { '00282110': el('CS', '01'), '00282112': el('DS', 12) } : {}),
    ...(one.multiframe ? { '00280008': el('IS', one.count), '00181063': el('DS', 60) } : {}),
    ...(one.modality === 'US' || one.modality === 'CR'
      ? {}
      : {
          '00280030': el('DS', spacing, spacing),
          '00180050': el('DS', 5),
          '00200052': el('UI', `${oneCase.study_uid}.9`),
          '00200032': el('DS', -115, -115, -60 + index * 5),
          '00200037': el('DS', 1, 0, 0, 0, 1, 0),
          '00201041': el('DS', -60 + index * 5),
        }),
    ...(one.modality === 'CR' ? { '00185101': el('CS', 'PA'), '00200020': el('CS', 'L', 'F') } : {}),
  };
}

export function dicomweb(request, response, path) {
  const json = (body) => {
    response.writeHead(200, { 'Content-Type': 'application/dicom+json' });
    response.end(JSON.stringify(body));
  };
  const match = /^\/dicomweb\/studies\/([\d.]+)\/series(?:\/([\d.]+)(?:\/(metadata|instances)(?:\/([\d.]+)\/(rendered|frames\/(\d+)))?)?)?$/.exec(path);
  if (!match) return false;
  const [, study, seriesUid, , instanceUid, what, frame] = match;
  const { oneCase, one } = find(study, seriesUid);
  if (!oneCase || (seriesUid && !one)) return false;
  const instances = (s) => Array.from({ length: s.multiframe ? 1 : s.count }, (_, i) => instanceJson(oneCase, s, i));
  if (!one) return json(oneCase.all.map((s, i) => seriesJson(oneCase, s, i + 1))), true;
  if (!instanceUid) return json(instances(one)), true;
  const index = one.multiframe ? Number(frame ?? 1) - 1 : Number(instanceUid.slice(one.uid.length + 1)) - 1;
  if (one.kind === 'sr' || !(index >= 0 && index < one.count)) return false;
  if (what === 'rendered') {
    const { size, grey } = rendered(one.kind, index, one.count);
    response.writeHead(200, { 'Content-Type': 'image/png', 'Cache-Control': 'private, max-age=60' });
    response.end(greyPng(size, size, grey));
    return true;
  }
  const data = pixels(one.kind, index, one.count);
  const boundary = 'dokuei-mock';
  response.writeHead(200, {
    'Content-Type': `multipart/related; type="application/octet-stream"; boundary=${boundary}`,
  });
  response.write(`--${boundary}\r\nContent-Type: application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1\r\n\r\n`);
  response.write(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  response.end(`\r\n--${boundary}--\r\n`);
  return true;
}
