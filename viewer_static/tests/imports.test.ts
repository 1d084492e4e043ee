/** Proves that the rooms import only downwards and that Cornerstone stays inside imaging/. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const src = join(import.meta.dirname, '../src');
const mayImport: Record<string, string[]> = {
  views: ['views', 'state', 'api', 'components', 'tokens', 'i18n'],
  state: ['state', 'api', 'imaging', 'i18n'],
  api: ['api'],
  imaging: ['imaging'],
  components: ['components', 'tokens'],
  tokens: ['tokens'],
  i18n: ['i18n'],
};
const leafPackages = ['lit', '@fontsource-variable'];

interface Import {
  file: string;
  room: string;
  target: string;
  typeOnly: boolean;
}

function importsOf(room: string): Import[] {
  return readdirSync(join(src, room)).flatMap((file) => {
    const code = readFileSync(join(src, room, file), 'utf8');
    const found = [...code.matchAll(/(?:(import|export)(\s+type)?[^'";]*?from\s*|import\s*\(?\s*)'([^']+)'/g)];
    return found.map((match) => ({ file: `${room}/${file}`, room, target: match[3] ?? '', typeOnly: match[2] !== undefined }));
  });
}

const all = Object.keys(mayImport).flatMap(importsOf);

describe('imports', () => {
  test('the reader of imports sees them', () => {
    expect(all.length).toBeGreaterThan(150);
    expect(all.some(({ target }) => target === '../imaging/stack-view')).toBe(true);
  });

  test('go downwards only', () => {
    const wrong = all.filter(({ room, target }) => {
      const other = /^\.\.\/([a-z0-9]+)\//.exec(target)?.[1];
      return other !== undefined && !mayImport[room]?.includes(other);
    });
    expect(wrong).toEqual([]);
  });

  test('views know of the API only its types and its error class', () => {
    const wrong = all.filter(({ room, target, typeOnly }) => room === 'views' && target.startsWith('../api/') && !typeOnly && target !== '../api/errors');
    expect(wrong).toEqual([]);
  });

  test('only imaging/ imports Cornerstone', () => {
    const rooms = new Set(all.filter(({ target }) => /^(@cornerstonejs|dicom-parser)/.test(target)).map(({ room }) => room));
    expect([...rooms]).toEqual(['imaging']);
  });

  test('leaves import no packages but Lit and the font', () => {
    const wrong = all.filter(
      ({ room, target }) => ['components', 'tokens', 'i18n'].includes(room) && !target.startsWith('.') && !leafPackages.some((one) => target.startsWith(one)),
    );
    expect(wrong).toEqual([]);
  });

  test('Cornerstone is reached by dynamic import only', () => {
    const eager = importsOf('state').filter(({ file, target }) => /imaging\/(engine|mouse-tools|stack-view)$/.test(target) && !isLazy(file, target));
    expect(eager).toEqual([]);
  });
});

function isLazy(file: string, target: string): boolean {
  const code = readFileSync(join(src, file), 'utf8');
  return !new RegExp(`^import (?!type)[^;]*'${target.replaceAll('.', '\\.')}'`, 'm').test(code);
}
