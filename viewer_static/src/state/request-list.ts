import { ApiError } from '../api/errors';
import { listRequests, type RequestPage, type RequestQuery } from '../api/requests';
import { jstDate } from '../i18n/dates';
import { poll } from './poll';
import { Store } from './store';

export type RequestTab = 'today' | 'open' | 'done' | 'cancelled';

export interface RequestListState {
  tab: RequestTab;
  q: string;
  page: RequestPage | null;
  /** What `page` answers: the tab and the search text; a newer question is still under way otherwise. */
  answers: string;
  error: ApiError | null;
}

const pageSize = 50;

/** What the hub is asked for a tab; today's are those of the day that are not cancelled. */
export function questionOf(tab: RequestTab, today: string): RequestQuery {
  return tab === 'today' ? { day: today, state: ['open', 'done'] } : { state: [tab] };
}

/** 読影依頼: the requests of the own site. */
export class RequestList extends Store<RequestListState> {
  private limit = pageSize;
  private stopPolling: (() => void) | undefined;
  private asked = 0;

  constructor() {
    super({ tab: 'today', q: '', page: null, answers: '', error: null });
  }

  start(): void {
    this.stopPolling = poll(() => this.refresh(), 4000);
  }

  stop(): void {
    this.stopPolling?.();
  }

  ask(change: { tab?: RequestTab; q?: string }): void {
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
      const page = await listRequests({ ...questionOf(tab, jstDate()), q, limit: this.limit });
      if (turn !== this.asked) return; // an answer to an older question
      const answers = `${tab}\n${q}`;
      const unchanged = this.value.answers === answers && JSON.stringify(page) === JSON.stringify(this.value.page);
      this.patch({ page: unchanged ? this.value.page : page, answers, error: null });
    } catch (error) {
      if (turn === this.asked && error instanceof ApiError && error.status !== 401) this.patch({ error });
    }
  }
}
