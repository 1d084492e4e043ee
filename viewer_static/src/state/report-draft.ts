import { ApiError } from '../api/errors';
import type { Report } from '../api/types';
import { type DraftEvent, type DraftState, nextDraftState } from './draft-states';
import { Store } from './store';
import { dropUnsaved, keepUnsaved, readUnsaved } from './unsaved-text';

export interface Text {
  findings: string;
  impression: string;
}

export interface DraftView extends Text {
  state: DraftState;
  revision: number;
  savedAt: string | null;
  error: ApiError | null;
  /** In a conflict: what the hub holds. */
  theirs: Report | null;
  /** The text that lost a conflict, for copying from. */
  kept: Text | null;
  restored: boolean;
  /** Once signed. */
  report: Report | null;
}

/** What the draft needs from the hub. */
export interface DraftDoor {
  save(caseId: string, body: Text & { revision: number }): Promise<Report>;
  sign(caseId: string, revision: number): Promise<Report>;
  load(caseId: string): Promise<Report>;
}

const typingPauseMs = 1500;
const retryMs = 5000;
const same = (a: Text, b: Text): boolean => a.findings === b.findings && a.impression === b.impression;

/**
 * The report draft of one case, as one person writes it.
 *
 * Each keystroke goes to sessionStorage at once and to the hub 1.5 s after typing stops. A save that
 * meets a newer draft becomes a conflict that the writer settles; neither text is thrown away.
 */
export class ReportDraft extends Store<DraftView> {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private saveUnderWay: Promise<void> | null = null;

  constructor(
    private readonly caseId: string,
    private readonly login: string,
    private readonly door: DraftDoor,
    stored: Report | null,
  ) {
    const base: Text = { findings: stored?.findings ?? '', impression: stored?.impression ?? '' };
    super({
      ...base,
      state: stored && stored.state !== 'draft' ? 'signed' : 'clean',
      revision: stored?.revision ?? 0,
      savedAt: stored?.saved_at ?? null,
      error: null,
      theirs: null,
      kept: null,
      restored: false,
      report: stored && stored.state !== 'draft' ? stored : null,
    });
    this.restore(base, stored);
  }

  type(change: Partial<Text>): void {
    if (this.value.state === 'signed' || this.value.state === 'signing') return;
    this.move('typed', { ...change, error: null });
    this.keep();
    if (this.value.state === 'dirty') this.schedule(typingPauseMs);
  }

  /** Save now what is not saved; resolves when it is, or has failed. */
  async flush(): Promise<void> {
    if (this.saveUnderWay) await this.saveUnderWay;
    if (this.value.state === 'dirty' || this.value.state === 'failed') await this.save();
  }

  async sign(): Promise<boolean> {
    await this.flush();
    if (this.value.state !== 'clean') return false;
    this.move('sign_started', { error: null });
    try {
      this.becomeSigned(await this.door.sign(this.caseId, this.value.revision));
      return true;
    } catch (error) {
      await this.refused(error, 'sign_failed');
      return this.value.report !== null;
    }
  }

  takeMine(): void {
    const { theirs } = this.value;
    if (!theirs) return;
    this.move('took_mine', { revision: theirs.revision, theirs: null, kept: pickText(theirs) });
    this.keep();
    void this.save();
  }

  takeTheirs(): void {
    const { theirs } = this.value;
    if (!theirs) return;
    const kept = pickText(this.value);
    this.move('took_theirs', { ...pickText(theirs), revision: theirs.revision, savedAt: theirs.saved_at, theirs: null, kept });
    dropUnsaved(this.login, this.caseId);
  }

  takeBoth(): void {
    const { theirs } = this.value;
    if (!theirs) return;
    const joined = { findings: join(theirs.findings, this.value.findings), impression: join(theirs.impression, this.value.impression) };
    this.move('took_mine', { ...joined, revision: theirs.revision, theirs: null });
    this.keep();
    void this.save();
  }

  dropKept(): void {
    this.patch({ kept: null });
  }

  /** Nothing of a report exists, here or on the hub: leaving then loses nothing. */
  get nothingWritten(): boolean {
    const { state, revision, findings, impression, kept } = this.value;
    const resting = state === 'clean' || state === 'dirty' || state === 'failed';
    return resting && !this.saveUnderWay && revision === 0 && kept === null && !(findings + impression).trim();
  }

  /** Leave: stop the timers and save what is left. */
  async close(): Promise<void> {
    clearTimeout(this.timer);
    if (this.nothingWritten) dropUnsaved(this.login, this.caseId);
    else await this.flush();
  }

  private restore(base: Text, stored: Report | null): void {
    const unsaved = readUnsaved(this.login, this.caseId);
    if (!unsaved) return;
    if (same(unsaved, base)) dropUnsaved(this.login, this.caseId);
    else if (this.value.state === 'signed') this.patch({ kept: pickText(unsaved) });
    else if (stored && unsaved.revision !== stored.revision) this.move('conflict_found', { ...pickText(unsaved), theirs: stored });
    else {
      this.move('typed', { ...pickText(unsaved), restored: true });
      this.schedule(typingPauseMs);
    }
  }

  private save(): Promise<void> {
    clearTimeout(this.timer);
    this.move('save_started');
    if (this.value.state !== 'saving') return Promise.resolve();
    this.saveUnderWay = this.send(pickText(this.value)).finally(() => {
      this.saveUnderWay = null;
    });
    return this.saveUnderWay;
  }

  private async send(text: Text): Promise<void> {
    try {
      const report = await this.door.save(this.caseId, { ...text, revision: this.value.revision });
      this.move('saved', { revision: report.revision, savedAt: report.saved_at, error: null, restored: false });
      if (same(text, this.value)) dropUnsaved(this.login, this.caseId);
      else this.keep();
      if (this.value.state === 'dirty') this.schedule(typingPauseMs);
    } catch (error) {
      await this.refused(error, 'save_failed');
    }
  }

  private async refused(error: unknown, otherwise: 'save_failed' | 'sign_failed'): Promise<void> {
    if (!(error instanceof ApiError)) throw error;
    const current = error.details['current'] as Report | undefined;
    if (error.code === 'stale_draft' && current) this.meet(current);
    else if (error.code === 'already_signed') await this.signedElsewhere(error);
    else {
      this.move(otherwise, { error });
      // The line may come back; a refusal of the text itself would only be refused again.
      if (otherwise === 'save_failed' && (error.status === 0 || error.status >= 500)) this.schedule(retryMs);
    }
  }

  private meet(current: Report): void {
    this.move('conflict_found', { theirs: current, error: null });
    if (same(current, this.value)) this.takeTheirs();
    if (same(current, this.value)) this.patch({ kept: null });
  }

  private async signedElsewhere(error: ApiError): Promise<void> {
    const mine = pickText(this.value);
    try {
      this.becomeSigned(await this.door.load(this.caseId));
      if (!same(mine, this.value)) this.patch({ kept: mine, error });
    } catch {
      this.move('save_failed', { error });
    }
  }

  private becomeSigned(report: Report): void {
    clearTimeout(this.timer);
    this.move('signed', { ...pickText(report), report, revision: report.revision, error: null, theirs: null });
    dropUnsaved(this.login, this.caseId);
  }

  private schedule(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.flush(), ms);
  }

  private keep(): void {
    keepUnsaved(this.login, this.caseId, { ...pickText(this.value), revision: this.value.revision });
  }

  private move(event: DraftEvent, change: Partial<DraftView> = {}): void {
    this.patch({ ...change, state: nextDraftState(this.value.state, event) });
  }
}

const pickText = (from: Text): Text => ({ findings: from.findings, impression: from.impression });
const join = (a: string, b: string): string => (a === b ? a : [a, b].filter(Boolean).join('\n\n'));
