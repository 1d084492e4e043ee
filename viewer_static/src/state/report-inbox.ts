import { ApiError } from '../api/errors';
import { listReports } from '../api/reports';
import type { DeliveryState, ReportPage } from '../api/types';
import { setUnacknowledged } from './badges';
import { poll } from './poll';
import { Store } from './store';

export interface ReportInboxState {
  tab: DeliveryState | 'all';
  q: string;
  page: ReportPage | null;
  /** What `page` answers: the tab and the search text; a newer question is still under way otherwise. */
  answers: string;
  error: ApiError | null;
}

const pageSize = 50;

/** 届いた報告: the clinic's inbox. */
export class ReportInbox extends Store<ReportInboxState> {
  private limit = pageSize;
  private stopPolling: (() => void) | undefined;
  private asked = 0;

  constructor() {
    super({ tab: 'delivered', q: '', page: null, answers: '', error: null });
  }

  start(): void {
    this.stopPolling = poll(() => this.refresh(), 6000);
  }

  stop(): void {
    this.stopPolling?.();
  }

  ask(change: { tab?: DeliveryState | 'all'; q?: string }): void {
    this.limit = pageSize;
    this.patch(change);
    void this.refresh();
  }

  more(): void {
    this.limit += pageSize;
    void this.refresh();
  }

  async refresh(): Promise<void> {
    const turn = ++this.asked;
    const { tab, q } = this.value;
    try {
      const page = await listReports({ ...(tab === 'all' ? {} : { state: [tab] }), q, limit: this.limit });
      if (turn !== this.asked) return;
      if (!q) setUnacknowledged(page.counts.delivered);
      const unchanged = JSON.stringify(page) === JSON.stringify(this.value.page);
      this.patch({ page: unchanged ? this.value.page : page, answers: `${tab}\n${q}`, error: null });
    } catch (error) {
      if (turn === this.asked && error instanceof ApiError && error.status !== 401) this.patch({ error });
    }
  }
}
