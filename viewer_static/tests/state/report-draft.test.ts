/** Proves that no text of a report is lost: not by a dead line, a reload, a conflict or a second signature. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ApiError } from '../../src/api/errors';
import type { Report } from '../../src/api/types';
import { type DraftDoor, ReportDraft } from '../../src/state/report-draft';
import { keepUnsaved, readUnsaved } from '../../src/state/unsaved-text';

const none = { ja: '', en: '' };
const refusal = (status: number, code: string, current?: Report): ApiError => new ApiError(status, code, none, none, current ? { current } : {});
const report = (change: Partial<Report> = {}): Report =>
  ({ id: 'r1', case_id: '1', state: 'draft', revision: 1, findings: '', impression: '', saved_at: '2026-11-21T00:12:00Z', ...change }) as Report;

/** A hub with one draft, which can be told to fail. */
class Hub implements DraftDoor {
  stored: Report | null = null;
  fails: ApiError | null = null;
  saves = 0;

  async save(_id: string, body: { findings: string; impression: string; revision: number }): Promise<Report> {
    this.saves++;
    if (this.fails) throw this.fails;
    if (this.stored?.state === 'final') throw refusal(409, 'already_signed');
    if ((this.stored?.revision ?? 0) !== body.revision) throw refusal(409, 'stale_draft', this.stored ?? undefined);
    return (this.stored = report({ ...body, revision: body.revision + 1 }));
  }

  async sign(_id: string, revision: number): Promise<Report> {
    if (this.fails) throw this.fails;
    if (this.stored?.revision !== revision) throw refusal(409, 'stale_draft', this.stored ?? undefined);
    return (this.stored = { ...this.stored, state: 'final', version: 1 });
  }

  async load(): Promise<Report> {
    return this.stored as Report;
  }
}

let hub: Hub;
const open = (): ReportDraft => new ReportDraft('1', 'sato', hub, hub.stored);
const pause = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  vi.useFakeTimers();
  sessionStorage.clear();
  hub = new Hub();
});
afterEach(() => vi.useRealTimers());

describe('autosave', () => {
  test('saves once, 1.5 s after typing stops', async () => {
    const draft = open();
    draft.type({ findings: '右' });
    await pause(1000);
    draft.type({ findings: '右肺' });
    await pause(1499);
    expect(hub.saves).toBe(0);
    expect(draft.value.state).toBe('dirty');
    await pause(1);
    expect(hub.saves).toBe(1);
    expect(hub.stored?.findings).toBe('右肺');
    expect(draft.value).toMatchObject({ state: 'clean', revision: 1, savedAt: '2026-11-21T00:12:00Z' });
    expect(readUnsaved('sato', '1')).toBeNull();
  });

  test('what is typed during a save is saved after it', async () => {
    const draft = open();
    draft.type({ findings: 'a' });
    const saving = draft.flush();
    draft.type({ findings: 'ab' });
    expect(draft.value.state).toBe('typing_while_saving');
    await saving;
    expect(readUnsaved('sato', '1')).toEqual({ findings: 'ab', impression: '', revision: 1 });
    await pause(1500);
    expect(hub.stored).toMatchObject({ findings: 'ab', revision: 2 });
    expect(draft.value.state).toBe('clean');
  });

  test('a dead line is tried again until it is back', async () => {
    const draft = open();
    hub.fails = refusal(0, 'unreachable');
    draft.type({ findings: 'a' });
    await pause(1500);
    expect(draft.value).toMatchObject({ state: 'failed', findings: 'a' });
    hub.fails = null;
    await pause(5000);
    expect(draft.value.state).toBe('clean');
    expect(hub.stored?.findings).toBe('a');
  });

  test('a refusal of the text is not repeated by itself', async () => {
    const draft = open();
    hub.fails = refusal(422, 'too_long');
    draft.type({ findings: 'a' });
    await pause(60_000);
    expect(hub.saves).toBe(1);
    expect(draft.value).toMatchObject({ state: 'failed', findings: 'a' });
  });
});

describe('after a reload', () => {
  test('unsaved text over the same revision comes back and is saved', async () => {
    keepUnsaved('sato', '1', { findings: '書きかけ', impression: '', revision: 0 });
    const draft = open();
    expect(draft.value).toMatchObject({ state: 'dirty', findings: '書きかけ', restored: true });
    await pause(1500);
    expect(hub.stored?.findings).toBe('書きかけ');
  });

  test('unsaved text over an older revision is a conflict with both texts', () => {
    hub.stored = report({ revision: 4, findings: '新' });
    keepUnsaved('sato', '1', { findings: '旧', impression: '', revision: 3 });
    const draft = open();
    expect(draft.value).toMatchObject({ state: 'conflict', findings: '旧' });
    expect(draft.value.theirs?.findings).toBe('新');
  });

  test("another person's unsaved text is not shown", () => {
    keepUnsaved('mori', '1', { findings: '他人', impression: '', revision: 0 });
    expect(open().value).toMatchObject({ state: 'clean', findings: '' });
  });

  test('text left over from before a signature can still be copied', () => {
    hub.stored = report({ state: 'final', findings: '確定文' });
    keepUnsaved('sato', '1', { findings: '書きかけ', impression: '', revision: 1 });
    expect(open().value).toMatchObject({ state: 'signed', findings: '確定文', kept: { findings: '書きかけ', impression: '' } });
  });
});

describe('a conflict', () => {
  async function conflict(): Promise<ReportDraft> {
    const draft = open();
    hub.stored = report({ revision: 1, findings: '相手', impression: '相手の診断' });
    draft.type({ findings: '自分' });
    await pause(1500);
    expect(draft.value.state).toBe('conflict');
    return draft;
  }

  test('mine is saved over theirs, and theirs is kept to copy from', async () => {
    const draft = await conflict();
    draft.takeMine();
    await pause(0);
    expect(hub.stored).toMatchObject({ findings: '自分', revision: 2 });
    expect(draft.value.kept).toEqual({ findings: '相手', impression: '相手の診断' });
  });

  test('theirs is taken, and mine is kept to copy from', async () => {
    const draft = await conflict();
    draft.takeTheirs();
    expect(draft.value).toMatchObject({ state: 'clean', findings: '相手', revision: 1, kept: { findings: '自分', impression: '' } });
  });

  test('both are joined', async () => {
    const draft = await conflict();
    draft.takeBoth();
    await pause(0);
    expect(hub.stored).toMatchObject({ findings: '相手\n\n自分', impression: '相手の診断' });
  });

  test('equal texts are no conflict', async () => {
    const draft = open();
    hub.stored = report({ revision: 3, findings: '同じ' });
    draft.type({ findings: '同じ' });
    await pause(1500);
    expect(draft.value).toMatchObject({ state: 'clean', revision: 3, kept: null });
  });
});

describe('signing', () => {
  test('saves first, then signs that revision', async () => {
    const draft = open();
    draft.type({ impression: '異常なし' });
    expect(await draft.sign()).toBe(true);
    expect(hub.stored).toMatchObject({ state: 'final', impression: '異常なし' });
    expect(draft.value.state).toBe('signed');
    draft.type({ impression: '変更' });
    expect(draft.value.impression).toBe('異常なし');
  });

  test('does not sign what could not be saved', async () => {
    const draft = open();
    hub.fails = refusal(0, 'unreachable');
    draft.type({ impression: 'x' });
    expect(await draft.sign()).toBe(false);
    expect(draft.value.state).toBe('failed');
  });

  test('a refusal leaves the text writable and says why', async () => {
    const draft = open();
    draft.type({ findings: 'x' });
    await pause(1500);
    hub.fails = refusal(422, 'empty_report');
    expect(await draft.sign()).toBe(false);
    expect(draft.value.state).toBe('clean');
    expect(draft.value.error?.code).toBe('empty_report');
  });

  test('signed elsewhere meanwhile: shows that report and keeps my text', async () => {
    const draft = open();
    draft.type({ findings: '自分' });
    await pause(1500);
    hub.stored = { ...(hub.stored as Report), state: 'final', findings: '確定文' };
    draft.type({ findings: '自分の続き' });
    await pause(1500);
    expect(draft.value).toMatchObject({ state: 'signed', findings: '確定文', kept: { findings: '自分の続き', impression: '' } });
  });
});
