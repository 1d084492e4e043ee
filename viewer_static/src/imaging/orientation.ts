import { type DicomJson, numbers, values } from './dicom-json';

/** What lies at each edge of the picture: R/L, A/P, H/F; empty where unknown. */
export interface EdgeLetters {
  left: string;
  right: string;
  top: string;
  bottom: string;
}

const opposite: Record<string, string> = { R: 'L', L: 'R', A: 'P', P: 'A', H: 'F', F: 'H' };
const turned = (letters: string): string => [...letters].map((letter) => opposite[letter] ?? '').join('');

/** The patient directions that a unit vector points to, strongest first (PS3.3 C.7.6.1.1.1). */
export function directionLetters(vector: readonly number[]): string {
  const axes: [string, string][] = [['L', 'R'], ['P', 'A'], ['H', 'F']];
  return axes
    .map(([plus, minus], i) => ({ letter: (vector[i] ?? 0) > 0 ? plus : minus, size: Math.abs(vector[i] ?? 0) }))
    .filter(({ size }) => size > 0.3)
    .sort((a, b) => b.size - a.size)
    .slice(0, 2)
    .map(({ letter }) => letter)
    .join('');
}

/** From Image Orientation (Patient) or, on projections, from Patient Orientation. */
export function edgeLetters(dataset: DicomJson): EdgeLetters {
  const cosines = numbers(dataset, '00200037');
  let right = '';
  let bottom = '';
  if (cosines.length === 6) {
    right = directionLetters(cosines.slice(0, 3));
    bottom = directionLetters(cosines.slice(3));
  } else {
    const [row, column] = values(dataset, '00200020');
    if (typeof row === 'string' && /^[RLAPHF]+$/.test(row)) right = row;
    if (typeof column === 'string' && /^[RLAPHF]+$/.test(column)) bottom = column;
  }
  return { left: turned(right), right, top: turned(bottom), bottom };
}
