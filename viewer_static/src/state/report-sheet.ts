import { ApiError } from '../api/errors';
import { acknowledgeReport, actOnReport, getReport } from '../api/reports';
import type { Report } from '../api/types';
import { refreshBadges } from './badges';
import { Store } from './store';

export interface ReportSheetState {
  report: Report | null;
  error: ApiError | null;
  busy: boolean;
}

/** One delivered report and what the clinic did about it. */
export class ReportSheet extends Store<ReportSheetState> {
  constructor(readonly id: string) {
    super({ report: null, error: null, busy: false });
  }

  load(): Promise<void> {
    return this.run(() => getReport(this.id));
  }

  acknowledge(): Promise<void> {
    return this.run(() => acknowledgeReport(this.id));
  }

  act(note: string): Promise<void> {
    return this.run(() => actOnReport(this.id, note));
  }

  private async run(work: () => Promise<Report>): Promise<void> {
    this.patch({ busy: true, error: null });
    try {
      this.patch({ report: await work() });
      void refreshBadges();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status !== 401) this.patch({ error });
    } finally {
      this.patch({ busy: false });
    }
  }
}
