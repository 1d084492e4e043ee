/** Proves the order of fetching and that one lost picture does not stop the rest. */
import { expect, test } from 'vitest';
import { fetchAll, outwards } from '../../src/imaging/prefetch';

test('from the picture on the screen outwards', () => {
  expect(outwards(5, 2)).toEqual([2, 3, 1, 4, 0]);
  expect(outwards(3, 0)).toEqual([0, 1, 2]);
  expect(outwards(0, 0)).toEqual([]);
});

test('every picture is asked for once, whatever fails', async () => {
  const asked: number[] = [];
  const done: [number, boolean][] = [];
  const fetchOne = async (index: number): Promise<void> => {
    asked.push(index);
    if (index === 1) throw new Error('lost');
  };
  await fetchAll([0, 1, 2, 3, 4], 2, fetchOne, (index, failed) => done.push([index, failed]), new AbortController().signal);
  expect(asked.sort()).toEqual([0, 1, 2, 3, 4]);
  expect(done.filter(([, failed]) => failed)).toEqual([[1, true]]);
});

test('an abort ends it', async () => {
  const abort = new AbortController();
  const asked: number[] = [];
  await fetchAll([0, 1, 2], 1, async (index) => { asked.push(index); abort.abort(); }, () => undefined, abort.signal);
  expect(asked).toEqual([0]);
});
