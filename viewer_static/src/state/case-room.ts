import { claimCase, getCase, getCaseReport, listCases, releaseCase, saveDraft, signReport } from '../api/cases';
import { ApiError } from '../api/errors';
import type { Case, CaseDetail, Person, Prior, Report } from '../api/types';
import { refreshBadges } from './badges';
import { poll } from './poll';
import { ReportDraft } from './report-draft';
import { RequestForm } from './request-form';
import { holdSignOut, signedIn } from './session';
import { Store } from './store';

export interface CaseRoomState {
  detail: CaseDetail | null;
  error: ApiError | null;
  takenBy: Person | null;
  /** The report to show when it is not being written here. */
  report: Report | null;
  draft: ReportDraft | null;
  form: RequestForm | null;
  /** The prior on the screen instead of the current study. */
  prior: Prior | null;
  /** After signing: the case to read next; undefined while not asked for. */
  next: Case | null | undefined;
}

/** One opened case: claim, request, report, and which study the viewer shows. */
export class CaseRoom extends Store<CaseRoomState> {
  private stopPolling: (() => void) | undefined;

  constructor(readonly id: string) {
    super({ detail: null, error: null, takenBy: null, report: null, draft: null, form: null, prior: null, next: undefined });
  }

  async open(): Promise<void> {
    this.patch({ error: null });
    try {
      const seen = await getCase(this.id);
      this.patch({ detail: seen });
      const detail = seen.permissions.claim ? await this.claim(seen) : seen;
      const other = detail.state === 'reading' && detail.reader?.login !== this.login ? detail.reader : null;
      const report = detail.report || detail.permissions.write_report ? await this.loadReport() : null;
      this.patch({
        detail,
        takenBy: this.value.takenBy ?? (signedIn()?.person.role === 'radiologist' ? other : null),
        report,
        draft: detail.permissions.write_report
          ? new ReportDraft(this.id, this.login, { save: saveDraft, sign: signReport, load: getCaseReport }, report)
          : null,
        form: detail.permissions.request ? new RequestForm(this.id, detail) : null,
      });
      if (this.value.draft) this.stopPolling?.();
      else this.stopPolling ??= poll(() => this.follow(), 6000);
    } catch (error) {
      this.fail(error);
    }
  }

  async close(): Promise<void> {
    this.stopPolling?.();
    const { draft } = this.value;
    if (!draft) return;
    const saved = draft.close();
    holdSignOut(saved);
    await saved;
  }

  showPrior(prior: Prior | null): void {
    this.patch({ prior });
  }

  async sign(): Promise<boolean> {
    const done = (await this.value.draft?.sign()) ?? false;
    if (done) {
      void refreshBadges();
      await this.lookForNext();
      // The hub closes the case a moment after the signature: follow it until then, and on.
      this.stopPolling?.();
      this.stopPolling = poll(() => this.follow(), 2000);
    }
    return done;
  }

  async release(): Promise<boolean> {
    try {
      await this.value.draft?.flush();
      await releaseCase(this.id);
      void refreshBadges();
      return true;
    } catch (error) {
      this.fail(error);
      return false;
    }
  }

  private get login(): string {
    return signedIn()?.person.login ?? '';
  }

  private async claim(seen: CaseDetail): Promise<CaseDetail> {
    try {
      await claimCase(this.id);
      void refreshBadges();
      return await getCase(this.id); // what the claim now permits
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'case_taken') throw error;
      this.patch({ takenBy: (error.details['reader'] as Person | undefined) ?? seen.reader ?? { login: '', name: '' } });
      return seen;
    }
  }

  private async loadReport(): Promise<Report | null> {
    try {
      return await getCaseReport(this.id);
    } catch (error) {
      if (error instanceof ApiError && (error.code === 'no_report' || error.status === 403 || error.status === 404)) return null;
      throw error;
    }
  }

  private async follow(): Promise<void> {
    try {
      const detail = await getCase(this.id);
      const had = this.value.detail;
      // Opened while images were still arriving: now it can be read.
      if (had?.state === 'receiving' && detail.permissions.claim) return await this.open();
      if (JSON.stringify(detail) !== JSON.stringify(had)) this.patch({ detail });
      this.value.form?.follow(detail);
      if (!detail.permissions.request && this.value.form?.value.phase !== 'dirty') this.patch({ form: null });
      if (detail.report?.state !== had?.report?.state) this.patch({ report: await this.loadReport() });
    } catch {
      /* what is on the screen stays; opening again says what is wrong */
    }
  }

  private async lookForNext(): Promise<void> {
    try {
      const { cases } = await listCases({ state: ['unread'], limit: 2 });
      this.patch({ next: cases.find((one) => one.id !== this.id) ?? null });
    } catch {
      this.patch({ next: null });
    }
  }

  private fail(error: unknown): void {
    if (!(error instanceof ApiError)) throw error;
    if (error.status !== 401) this.patch({ error });
  }
}
