/**
 * What is still under way after a page was left: a draft being saved, a case being given back.
 *
 * Log-out waits for it, and so does whoever opens the same case or draws the list anew.
 */
const underWay = new Map<string, Promise<unknown>>();

export function holdLeaving(caseId: string, work: Promise<unknown>): void {
  const held = work.catch(() => undefined).finally(() => {
    if (underWay.get(caseId) === held) underWay.delete(caseId);
  });
  underWay.set(caseId, held);
}

/** Resolves once the case, or every case, is left; never fails. */
export async function left(caseId?: string): Promise<void> {
  await (caseId === undefined ? Promise.all(underWay.values()) : underWay.get(caseId));
}
