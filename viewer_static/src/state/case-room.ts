import { type SeenImages, claimCase, getCase, getCaseReport, listCases, releaseCase, saveDraft, signReport } from '../api/cases';
import { ApiError } from '../api/errors';
import type { Case, CaseDetail, Person, Prior, Report } from '../api/types';
import { refreshBadges } from './badges';
import { holdLeaving, left } from './leaving';
import type { Stranger } from './image-guard';
import { poll } from './poll';
import { type DraftDoor, ReportDraft } from './report-draft';
import { RequestForm } from './request-form';
import { signedIn } from './session';
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
  /** The viewer was sent images that are not this patient's: nothing is signed beside them. */
  stranger: Stranger | null;
  /** After signing: the case to read next; undefined while not asked for. */
  next: Case | null | undefined;
}

/** One opened case: claim, request, report, and which study the viewer shows. */
export class CaseRoom extends Store<CaseRoomState> {
  private stopPolling: (() => void) | undefined;
  private opening: Promise<void> = Promise.resolve();
  private closed = false;
  private released = false;
  /** Of the images that were shown, or whose coming or replacement was told. */
  private readonly seen: SeenImages = {};

  constructor(readonly id: string) {
    super({ detail: null, error: null, takenBy: null, report: null, draft: null, form: null, prior: null, stranger: null, next: undefined });
  }

  open(): Promise<void> {
    return (this.opening = this.enter());
  }

  private async enter(): Promise<void> {
    this.patch({ error: null });
    try {
      await left(this.id); // still being given back from a moment ago
      const seen = await getCase(this.id);
      if (this.closed) return;
      this.seen.instances ??= seen.instance_count;
      this.seen.replaced ??= seen.versions_replaced;
      this.patch({ detail: seen });
      const detail = seen.permissions.claim ? await this.claim(seen) : seen;
      if (this.closed) return await this.giveBack(detail);
      const other = detail.state === 'reading' && detail.reader?.login !== this.login ? detail.reader : null;
      const report = detail.report ? await this.loadReport() : null;
      if (this.closed) return await this.giveBack(detail);
      this.patch({
        detail,
        takenBy: this.value.takenBy ?? (signedIn()?.person.role === 'radiologist' ? other : null),
        report,
        draft: detail.permissions.write_report
          ? new ReportDraft(this.id, this.login, this.door, report)
          : null,
        form: detail.permissions.request ? new RequestForm(this.id, detail) : null,
      });
      this.stopPolling?.();
      this.stopPolling = this.value.draft ? poll(() => this.lookAround(), 15_000) : poll(() => this.follow(), 6000);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Leave the room: what is written is saved, and a case with nothing written goes back to 未読. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.stopPolling?.();
    const { draft } = this.value;
    await this.leave(draft ? this.closeDraft(draft) : this.opening);
  }

  /** The tab is closing or reloading: the same rule, by requests that outlive the page. */
  pageHides(): void {
    const { draft } = this.value;
    if (!draft || this.closed) return;
    if (!draft.nothingWritten) void draft.flush();
    else if (this.value.detail?.permissions.release) void releaseCase(this.id).catch(() => undefined);
  }

  /** The page comes back as it was left (back button): the case is claimed again. */
  async pageReturns(): Promise<void> {
    if (this.value.draft?.nothingWritten && !this.closed) await this.open();
  }

  showPrior(prior: Prior | null): void {
    this.patch({ prior });
  }

  /** What the viewer found out about the images on the screen. */
  imagesAre(stranger: Stranger | null): void {
    if (stranger !== this.value.stranger) this.patch({ stranger });
  }

  async sign(): Promise<boolean> {
    if (this.value.stranger) return false;
    const done = (await this.value.draft?.sign()) ?? false;
    const refusal = this.value.draft?.value.error;
    if (!done && refusal) await this.told(refusal);
    if (done) {
      void refreshBadges();
      await this.lookForNext();
      // The hub closes the case a moment after the signature: follow it until then, and on.
      this.stopPolling?.();
      this.stopPolling = poll(() => this.follow(), 2000);
    }
    return done;
  }

  /** The viewer has loaded the study anew. */
  imagesAreNew(): void {
    this.seen.instances = this.value.detail?.instance_count;
  }

  /** Why nothing is signed is told now, in words; who signs again has looked. */
  private async told(refusal: ApiError): Promise<void> {
    if (refusal.code === 'images_replaced') this.seen.replaced = refusal.details['versions_replaced'] as number;
    else if (refusal.code === 'study_grew') this.seen.instances = refusal.details['instance_count'] as number;
    else return;
    await this.lookAround();
  }

  async release(): Promise<boolean> {
    try {
      await this.value.draft?.flush();
      await releaseCase(this.id);
      this.released = true;
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

  /** Writing in a case that went back meanwhile (another tab was left, a page reloaded) takes it up again. */
  private readonly door: DraftDoor = {
    save: (id, body) => this.asReader(() => saveDraft(id, body)),
    sign: (id, revision) => this.asReader(() => signReport(id, revision, this.seen)),
    load: getCaseReport,
  };

  private async asReader<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'not_the_reader' || error.details['reader']) throw error;
      await claimCase(this.id);
      return await work();
    }
  }

  private async leave(work: Promise<void>): Promise<void> {
    holdLeaving(this.id, work);
    await work;
  }

  private async closeDraft(draft: ReportDraft): Promise<void> {
    const { detail } = this.value;
    const unwritten = draft.nothingWritten;
    await draft.close();
    if (unwritten && detail) await this.giveBack(detail);
  }

  /** Nobody is told when this fails: the case stays claimed, as it was. */
  private async giveBack(had: CaseDetail): Promise<void> {
    if (this.released || !had.permissions.release || had.report) return;
    try {
      const now = await getCase(this.id);
      if (!now.permissions.release || now.report) return; // written in from another tab
      await releaseCase(this.id);
      await refreshBadges();
    } catch {
      /* the session or the line is gone */
    }
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
      if (detail.report?.state !== had?.report?.state) this.patch({ report: detail.report ? await this.loadReport() : null });
    } catch {
      /* what is on the screen stays; opening again says what is wrong */
    }
  }

  /** While somebody writes here nothing is taken from their hands: only what befell the images is shown. */
  private async lookAround(): Promise<void> {
    try {
      const now = await getCase(this.id);
      const { detail } = this.value;
      if (!detail || !this.value.draft || this.closed) return;
      const { images_replaced, identity_conflict, series_count, instance_count } = now;
      // Only a mark that changes is seen; a signature tells of the rest.
      if (images_replaced > detail.images_replaced) this.seen.replaced = now.versions_replaced;
      const befell = { images_replaced, identity_conflict, series_count, instance_count };
      if (Object.entries(befell).some(([what, value]) => detail[what as keyof typeof befell] !== value)) this.patch({ detail: { ...detail, ...befell } });
    } catch {
      /* what is on the screen stays */
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
