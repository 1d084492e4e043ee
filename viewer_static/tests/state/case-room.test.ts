/** Proves that leaving a case gives it back exactly when nothing is written in it, and that nothing is signed beside a stranger's images. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { left } from '../../src/state/leaving';
import { CaseRoom } from '../../src/state/case-room';
import { session } from '../../src/state/session';

const me = { login: 'sato', name: '佐藤' };

/** A hub with one case, behind `fetch`. */
class Hub {
  state = 'unread';
  reader: typeof me | null = null;
  draft: { findings: string; impression: string; revision: number } | null = null;
  instances = 10;
  replaced = 0;
  versions = 0;
  signatures: unknown[] = [];
  asked: string[] = [];
  keptAlive: string[] = [];
  /** What the next answer waits for. */
  slow: Promise<unknown> = Promise.resolve();

  fetch = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const method = init.method ?? 'GET';
    const what = `${method} ${path.split('?')[0]?.replace('/api/cases', '')}`;
    this.asked.push(what);
    if (init.keepalive) this.keptAlive.push(what);
    await this.slow;
    const body = JSON.parse((init.body as string | undefined) ?? '{}') as { findings: string; impression: string; revision: number };
    if (what === 'GET /1') return this.answer(this.detail());
    if (what === 'GET ') return this.answer({ cases: [], total: 0, counts: { unread: 0, reading: 0, read: 0, receiving: 0 } });
    if (what === 'GET /1/report') return this.draft ? this.answer(this.report()) : this.refuse(404, 'no_report');
    if (what === 'POST /1/claim') return this.move('reading', me);
    if (what === 'POST /1/release') return this.move('unread', null);
    if (this.reader?.login !== me.login) return this.refuse(403, 'not_the_reader', { reader: this.reader });
    if (what === 'POST /1/report/sign') {
      this.signatures.push(body);
      const { seen_images_replaced: seen, seen_instance_count: count } = body as unknown as { seen_images_replaced: number; seen_instance_count: number };
      if (count < this.instances) return this.refuse(409, 'study_grew', { seen: count, instance_count: this.instances });
      if (seen < this.versions) return this.refuse(409, 'images_replaced', { seen, versions_replaced: this.versions });
    }
    if (what === 'POST /1/report/sign') return this.answer({ ...this.report(), state: 'final' });
    if ((this.draft?.revision ?? 0) !== body.revision) return this.refuse(409, 'stale_draft', { current: this.report() });
    this.draft = { ...body, revision: body.revision + 1 };
    return this.answer(this.report());
  };

  times = (what: string): number => this.asked.filter((one) => one === what).length;

  private move(state: string, reader: typeof me | null): Response {
    Object.assign(this, { state, reader });
    return this.answer(this.detail());
  }

  private detail(): object {
    const mine = this.reader?.login === me.login;
    return {
      id: '1', state: this.state, reader: this.reader, report: this.draft && { id: 'r1', state: 'draft', signed_at: null }, priors: [],
      series_count: 1, instance_count: this.instances, images_replaced: this.replaced, versions_replaced: this.versions, identity_conflict: false,
      permissions: { request: false, claim: this.state === 'unread', release: mine, write_report: mine },
    };
  }

  private report(): object {
    return { id: 'r1', case_id: '1', state: 'draft', saved_at: '2026-11-21T00:12:00Z', ...this.draft };
  }

  private answer = (body: unknown, status = 200): Response => new Response(JSON.stringify(body), { status });

  private refuse = (status: number, code: string, details: unknown = {}): Response =>
    this.answer({ error: { code, message: { ja: '', en: '' }, next_step: { ja: '', en: '' }, details } }, status);
}

let hub: Hub;

beforeEach(() => {
  sessionStorage.clear();
  hub = new Hub();
  vi.stubGlobal('fetch', hub.fetch);
  session.set({
    status: 'signed_in',
    session: { person: { ...me, role: 'radiologist', site: { code: 'chuo', name: '' } }, entitlements: ['cases.list', 'cases.read'], demo: false },
  });
});
afterEach(() => vi.unstubAllGlobals());

async function opened(): Promise<CaseRoom> {
  const room = new CaseRoom('1');
  await room.open();
  return room;
}

describe('leaving a case', () => {
  test('with nothing written gives it back', async () => {
    const room = await opened();
    expect(hub.state).toBe('reading');
    await room.close();
    expect(hub.state).toBe('unread');
  });

  test('with text not yet saved saves it and keeps the case', async () => {
    const room = await opened();
    room.value.draft?.type({ findings: '右上葉結節' });
    await room.close();
    expect(hub.draft?.findings).toBe('右上葉結節');
    expect(hub.state).toBe('reading');
  });

  test('with a draft from before keeps it', async () => {
    hub.draft = { findings: '下書き', impression: '', revision: 2 };
    const room = await opened();
    await room.close();
    expect(hub.state).toBe('reading');
  });

  test('with text typed and taken back gives it back and leaves no draft', async () => {
    const room = await opened();
    room.value.draft?.type({ findings: 'a' });
    room.value.draft?.type({ findings: '' });
    await room.close();
    expect(hub.draft).toBeNull();
    expect(hub.state).toBe('unread');
  });

  test('that was written in from another tab meanwhile keeps it', async () => {
    const room = await opened();
    hub.draft = { findings: '別のタブ', impression: '', revision: 1 };
    await room.close();
    expect(hub.state).toBe('reading');
  });

  test('that somebody else reads asks for nothing', async () => {
    Object.assign(hub, { state: 'reading', reader: { login: 'mori', name: '森' } });
    const room = await opened();
    await room.close();
    expect(hub.times('POST /1/release')).toBe(0);
    expect(hub.reader?.login).toBe('mori');
  });

  test('before it has opened gives back what was claimed on the way', async () => {
    const room = new CaseRoom('1');
    const opening = room.open();
    while (hub.state !== 'reading') await Promise.resolve();
    await room.close();
    expect(hub.state).toBe('unread');
    await opening;
  });

  test('and opening it again at once ends with the case claimed', async () => {
    const room = await opened();
    void room.close();
    const again = await opened();
    expect(hub.state).toBe('reading');
    expect(again.value.draft).not.toBeNull();
  });

  test('holds back whoever waits until the case is given back', async () => {
    const room = await opened();
    void room.close();
    await left();
    expect(hub.state).toBe('unread');
  });

  test('after the release button asks no second time', async () => {
    const room = await opened();
    await room.release();
    await room.close();
    expect(hub.times('POST /1/release')).toBe(1);
  });
});

describe('closing the tab', () => {
  test('gives an unwritten case back by a request that outlives the page', async () => {
    const room = await opened();
    room.pageHides();
    await vi.waitFor(() => expect(hub.state).toBe('unread'));
    expect(hub.keptAlive).toContain('POST /1/release');
  });

  test('sends text on its way the same way and keeps the case', async () => {
    const room = await opened();
    room.value.draft?.type({ impression: '異常なし' });
    room.pageHides();
    await vi.waitFor(() => expect(hub.draft?.impression).toBe('異常なし'));
    expect(hub.keptAlive).toContain('PUT /1/report/draft');
    expect(hub.state).toBe('reading');
  });

  test('and coming back by the back button claims the case again', async () => {
    const room = await opened();
    room.pageHides();
    await vi.waitFor(() => expect(hub.state).toBe('unread'));
    await room.pageReturns();
    expect(hub.state).toBe('reading');
  });
});

test('writing in a case that went back meanwhile takes it up again', async () => {
  const room = await opened();
  Object.assign(hub, { state: 'unread', reader: null });
  room.value.draft?.type({ findings: '所見' });
  await room.value.draft?.flush();
  expect(hub.reader).toEqual(me);
  expect(room.value.draft?.value.state).toBe('clean');
  expect(hub.draft?.findings).toBe('所見');
});

test('writing in a case that somebody else took meanwhile is refused and the text stays', async () => {
  const room = await opened();
  Object.assign(hub, { reader: { login: 'mori', name: '森' } });
  room.value.draft?.type({ findings: '所見' });
  await room.value.draft?.flush();
  expect(hub.times('POST /1/claim')).toBe(1);
  expect(room.value.draft?.value).toMatchObject({ state: 'failed', findings: '所見' });
  expect(room.value.draft?.value.error?.code).toBe('not_the_reader');
});

test('a case without a report is not asked for one', async () => {
  await opened();
  expect(hub.times('GET /1/report')).toBe(0);
});

test('nothing is signed while the images are not this patient’s', async () => {
  const room = await opened();
  room.value.draft?.type({ findings: '所見' });
  room.imagesAre({ what: 'patient', expected: 'M1', found: 'M2' });
  expect(await room.sign()).toBe(false);
  expect(hub.times('POST /1/report/sign')).toBe(0);
  room.imagesAre(null);
  expect(await room.sign()).toBe(true);
  await room.close();
});

test('an image that is replaced while somebody writes is told, and what is written stays', async () => {
  vi.useFakeTimers();
  try {
    const room = await opened();
    const { draft } = room.value;
    draft?.type({ findings: '右上葉結節' });
    await vi.advanceTimersByTimeAsync(20_000);
    expect(room.value.detail?.images_replaced).toBe(0);
    hub.replaced = 2;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(room.value.detail?.images_replaced).toBe(2);
    expect(room.value.draft).toBe(draft);
    expect(hub.draft?.findings).toBe('右上葉結節');
    await room.close();
    const asked = hub.times('GET /1');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(hub.times('GET /1')).toBe(asked);
  } finally {
    vi.useRealTimers();
  }
});

test('images replaced after they were shown stop the signature once, with the mark', async () => {
  hub.versions = 4;
  const room = await opened();
  room.value.draft?.type({ findings: '右上葉結節' });
  Object.assign(hub, { versions: 5, replaced: 1 });
  expect(await room.sign()).toBe(false);
  expect(room.value.draft?.value.error?.code).toBe('images_replaced');
  expect(room.value.detail?.images_replaced).toBe(1);
  expect(await room.sign()).toBe(true);
  expect(hub.signatures).toEqual([
    { revision: 1, seen_instance_count: 10, seen_images_replaced: 4 },
    { revision: 1, seen_instance_count: 10, seen_images_replaced: 5 },
  ]);
  await room.close();
});

test('images that came after the screen showed the study stop the signature once', async () => {
  const room = await opened();
  room.value.draft?.type({ findings: '右上葉結節' });
  hub.instances = 12;
  expect(await room.sign()).toBe(false);
  expect(room.value.draft?.value.error?.code).toBe('study_grew');
  expect(room.value.detail?.instance_count).toBe(12);
  expect(await room.sign()).toBe(true);
  expect(hub.signatures).toMatchObject([{ seen_instance_count: 10 }, { seen_instance_count: 12 }]);
  await room.close();
});

test('images that came stop the signature until the viewer has loaded them', async () => {
  vi.useFakeTimers();
  try {
    const room = await opened();
    room.value.draft?.type({ findings: '右上葉結節' });
    hub.instances = 12;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(room.value.detail?.instance_count).toBe(12);
    room.imagesAreNew();
    expect(await room.sign()).toBe(true);
    expect(hub.signatures).toMatchObject([{ seen_instance_count: 12 }]);
    await room.close();
  } finally {
    vi.useRealTimers();
  }
});

test('that images have come is told, and being told of it is not having seen them', async () => {
  vi.useFakeTimers();
  try {
    const room = await opened();
    room.value.draft?.type({ findings: '右上葉結節' });
    hub.instances = 12;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(room.value.detail?.instance_count).toBe(12);
    expect(await room.sign()).toBe(false);
    await room.close();
  } finally {
    vi.useRealTimers();
  }
});

test('a replacement that the screen has marked does not stop the signature', async () => {
  vi.useFakeTimers();
  try {
    const room = await opened();
    room.value.draft?.type({ findings: '右上葉結節' });
    Object.assign(hub, { versions: 1, replaced: 1 });
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await room.sign()).toBe(true);
    await room.close();
  } finally {
    vi.useRealTimers();
  }
});
