import { listCases } from '../api/cases';
import { ApiError } from '../api/errors';
import type { Case, CasePage, CaseState } from '../api/types';
import { setUnread } from './badges';
import { left } from './leaving';
import { poll } from './poll';
import { Store } from './store';

export interface CaseListState {
  tab: CaseState | 'all';
  q: string;
  page: CasePage | null;
  /** What `page` answers: the tab and the search text; a newer question is still under way otherwise. */
  answers: string;
  error: ApiError | null;
  refreshedAt: string | null;
  selected: string | null;
}

const pageSize = 50;

/** The case list: a question (tab, search), its newest answer, and the selected row. */
export class CaseList extends Store<CaseListState> {
  private limit = pageSize;
  private stopPolling: (() => void) | undefined;
  private asked = 0;

  /** Coming back from a case finds the list as it was left; another person starts afresh. */
  private static left: { login: string; tab: CaseState | 'all'; q: string; selected: string | null } | null = null;

  constructor(private readonly login: string, firstTab: CaseState | 'all') {
    const left = CaseList.left?.login === login ? CaseList.left : null;
    super({ tab: left?.tab ?? firstTab, q: left?.q ?? '', page: null, answers: '', error: null, refreshedAt: null, selected: left?.selected ?? null });
  }

  start(): void {
    this.stopPolling = poll(() => this.refresh(), 4000);
  }

  stop(): void {
    const { tab, q, selected } = this.value;
    CaseList.left = { login: this.login, tab, q, selected };
    this.stopPolling?.();
  }

  ask(change: { tab?: CaseState | 'all'; q?: string }): void {
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
      await left(); // the case just left may still be on its way back to 未読
      const page = await listCases({ ...(tab === 'all' ? {} : { state: [tab] }), q, limit: this.limit });
      if (turn !== this.asked) return; // an answer to an older question
      const refreshedAt = new Date().toISOString();
      const answers = `${tab}\n${q}`;
      setUnread(q ? null : page.counts.unread);
      // An equal answer keeps the old objects, so that nothing on the screen is drawn again.
      const unchanged = this.value.answers === answers && JSON.stringify(page) === JSON.stringify(this.value.page);
      this.patch({ page: unchanged ? this.value.page : page, answers, error: null, refreshedAt });
    } catch (error) {
      if (turn === this.asked && error instanceof ApiError && error.status !== 401) this.patch({ error });
    }
  }

  select(id: string | null): void {
    this.patch({ selected: id });
  }

  /** Move the selection by `step` rows; from nothing, to the first or last row. */
  move(step: 1 | -1): Case | null {
    const cases = this.value.page?.cases ?? [];
    if (cases.length === 0) return null;
    const at = cases.findIndex((one) => one.id === this.value.selected);
    const next = at < 0 ? (step > 0 ? 0 : cases.length - 1) : Math.min(cases.length - 1, Math.max(0, at + step));
    const found = cases[next] ?? null;
    this.select(found?.id ?? null);
    return found;
  }
}
