/** The order in which to fetch a stack: from the picture on the screen outwards, forwards first. */
export function outwards(total: number, from: number): number[] {
  const order: number[] = [];
  for (let step = 0; step < total; step++) {
    if (from + step < total) order.push(from + step);
    if (step > 0 && from - step >= 0) order.push(from - step);
  }
  return order;
}

/** Fetch `order` one after the other in `lanes` lanes until done or aborted; a failed item does not stop the rest. */
export async function fetchAll(
  order: readonly number[],
  lanes: number,
  fetchOne: (index: number) => Promise<unknown>,
  onDone: (index: number, failed: boolean) => void,
  signal: AbortSignal,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < order.length && !signal.aborted) {
      const index = order[next++] as number;
      const failed = await fetchOne(index).then(() => false, () => true);
      if (!signal.aborted) onDone(index, failed);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
