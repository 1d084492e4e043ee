import { html, type TemplateResult } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { Case, CaseState, Session } from '../api/types';
import { badgeStyles } from '../components/badges';
import { buttonStyles } from '../components/buttons';
import '../components/dk-banner';
import '../components/dk-empty';
import '../components/dk-search';
import type { DkSearch } from '../components/dk-search';
import { skeletonStyles } from '../components/skeleton';
import { tabStyles } from '../components/tabs';
import { jstTime } from '../i18n/dates';
import { t } from '../i18n/texts';
import { CaseList } from '../state/case-list';
import { navigate } from '../state/router';
import { may } from '../state/routes';
import { Watch } from '../state/watch';
import { baseStyles } from '../tokens/base';
import { caseRow, isOverdue } from './case-row';
import { casesStyles } from './cases-styles';
import { errorBanner } from './error-banner';
import { isTyping } from './keyboard';
import { ViewElement } from './view-element';

const columns = ['state', 'due', 'patient', 'modality', 'study', 'date', 'site', 'images', 'reason', 'reader'] as const;
const titles = {
  state: 'cases.state', due: 'cases.due', patient: 'cases.patient', modality: 'cases.modality', study: 'cases.study',
  date: 'cases.study_date', site: 'cases.site', images: 'cases.images', reason: 'cases.reason', reader: 'cases.reader',
} as const;

/** The worklist of a radiologist, and the case list of a clinic. */
@customElement('dk-cases')
export class CasesView extends ViewElement {
  static override styles = [baseStyles, buttonStyles, tabStyles, badgeStyles, skeletonStyles, casesStyles];

  @property({ attribute: false }) session!: Session;
  @query('dk-search') private readonly search!: DkSearch;
  private list!: CaseList;
  private watch!: Watch<CaseList['value']>;

  private warm = false;
  private warming: ReturnType<typeof setTimeout> | undefined;

  override connectedCallback(): void {
    this.list = new CaseList(this.session.person.login, may(this.session, 'cases.read') ? 'unread' : 'all');
    this.watch = new Watch(this, this.list);
    super.connectedCallback();
    this.list.start();
    addEventListener('keydown', this.onKey);
  }

  override updated(): void {
    if (this.warm || !this.watch.value.page || !may(this.session, 'cases.read')) return;
    this.warm = true;
    // The list is here and nobody has clicked yet: fetch what the first picture will need.
    this.warming = setTimeout(() => void Promise.all([import('./case-view'), import('../state/viewer').then((viewer) => viewer.warmUp())]), 800);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.list.stop();
    clearTimeout(this.warming);
    removeEventListener('keydown', this.onKey);
  }

  override render() {
    const { page, error, refreshedAt, q } = this.watch.value;
    const late = page?.cases.filter((one) => isOverdue(one)).length ?? 0;
    return html`
      <div class="bar">
        <h1>${t('cases.title')}</h1>
        ${this.tabs()} ${late > 0 ? html`<span class="late-sum num" role="status">${t('cases.overdue_count', { n: late })}</span>` : null}
        <dk-search
          role="search"
          testid="case-search"
          .label=${t('cases.search')}
          .value=${q}
          @dk-search=${(event: CustomEvent<string>) => this.list.ask({ q: event.detail })}
          @dk-down=${this.intoList}
        ></dk-search>
      </div>
      ${error && page ? html`<dk-banner kind="warn" data-testid="error-message" .text=${t('cases.stale', { time: jstTime(refreshedAt) })}></dk-banner>` : null}
      ${error && !page ? errorBanner(error, () => void this.list.refresh()) : this.table()}
    `;
  }

  /** The hub sorts by what is due first, so the first unread case is the one to read. */
  private get nextToRead(): Case | null {
    const { page, q } = this.watch.value;
    return may(this.session, 'cases.read') && !q ? (page?.cases.find((one) => one.state === 'unread') ?? null) : null;
  }

  private tabs(): TemplateResult {
    const { tab, page } = this.watch.value;
    const clinic = !may(this.session, 'cases.read');
    const order: (CaseState | 'all')[] = clinic ? ['all', 'receiving', 'unread', 'reading', 'read'] : ['unread', 'reading', 'read', 'receiving', 'all'];
    const count = (one: CaseState | 'all'): number | string =>
      page ? (one === 'all' ? Object.values(page.counts).reduce((sum, n) => sum + n, 0) : page.counts[one]) : '';
    return html`<div class="tabs" role="group" aria-label=${t('cases.states')}>
      ${order.map(
        (one) => html`<button class="tab" data-testid="state-tab-${one}" aria-pressed=${one === tab} @click=${() => this.list.ask({ tab: one })}>
          ${t(`state.${one}`)}<span class="count">${count(one)}</span>
        </button>`,
      )}
    </div>`;
  }

  private table(): TemplateResult {
    const { page, selected, answers, tab, q } = this.watch.value;
    const fresh = page && answers === `${tab}\n${q}`;
    if (fresh && page.cases.length === 0) return this.empty();
    const cases = page?.cases ?? [];
    const next = this.nextToRead?.id;
    const focusable = cases.some((one) => one.id === selected) ? selected : cases[0]?.id;
    return html`
      <div class="frame">
        <table aria-label=${t('cases.title')} aria-busy=${!fresh}>
          <thead>
            <tr>
              ${columns.map((column) => html`<th scope="col" class="w-${column} c-${column}">${t(titles[column])}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${page
              ? repeat(cases, (one) => one.id, (one) => caseRow(one, { selected: one.id === selected, focusable: one.id === focusable, next: one.id === next }, () => this.list.select(one.id)))
              : Array.from({ length: 8 }, () => html`<tr>${columns.map((column) => html`<td class="c-${column}"><span class="bone"></span></td>`)}</tr>`)}
          </tbody>
        </table>
      </div>
      <div class="foot">
        <span class="num" role="status">${page ? t('cases.total', { n: page.total }) : t('cases.loading')}</span>
        ${page && page.total > cases.length
          ? html`<button class="button small" @click=${() => this.list.more()}>${t('cases.more')}</button>`
          : null}
        <span class="keys">${t('cases.keys')}</span>
      </div>
    `;
  }

  private empty(): TemplateResult {
    const { tab, q } = this.watch.value;
    const heading = tab === 'unread' && !q ? t('cases.empty_unread') : t('cases.empty_title');
    return html`<div class="frame">
      <dk-empty .icon=${q ? 'search' : 'empty'} .heading=${heading} .text=${q ? t('cases.empty_search', { q }) : t('cases.empty_hint')}>
        ${q ? html`<button class="button" @click=${this.clearSearch}>${t('cases.search_clear')}</button>` : null}
      </dk-empty>
    </div>`;
  }

  private readonly clearSearch = (): void => {
    this.list.ask({ q: '' });
    this.search.focus();
  };

  private readonly intoList = (): void => {
    this.list.select(null);
    this.moveTo(1);
  };

  private readonly onKey = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    if (event.key === '/') {
      event.preventDefault();
      this.search.focus();
    } else if (event.key === 'ArrowDown' || event.key === 'j') {
      event.preventDefault();
      this.moveTo(1);
    } else if (event.key === 'ArrowUp' || event.key === 'k') {
      event.preventDefault();
      this.moveTo(-1);
    } else if (event.key === 'Enter' && event.composedPath()[0] === document.body) {
      const open = this.watch.value.selected ?? this.nextToRead?.id;
      if (open) navigate(`/cases/${encodeURIComponent(open)}`);
    }
  };

  private moveTo(step: 1 | -1): void {
    const found = this.list.move(step);
    if (!found) return;
    const row = [...this.renderRoot.querySelectorAll<HTMLElement>('tr[data-case-id]')].find((one) => one.dataset['caseId'] === found.id);
    row?.querySelector('a')?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: 'nearest' });
  }
}
