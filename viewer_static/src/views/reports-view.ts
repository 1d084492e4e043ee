import { css, html, type TemplateResult } from 'lit';
import { customElement, query } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { DeliveryState, Report } from '../api/types';
import { badgeStyles } from '../components/badges';
import { buttonStyles } from '../components/buttons';
import '../components/dk-empty';
import '../components/dk-search';
import type { DkSearch } from '../components/dk-search';
import { skeletonStyles } from '../components/skeleton';
import { tabStyles } from '../components/tabs';
import { jstDateTime } from '../i18n/dates';
import { t } from '../i18n/texts';
import { ReportInbox } from '../state/report-inbox';
import { Watch } from '../state/watch';
import { baseStyles } from '../tokens/base';
import { errorBanner } from './error-banner';
import { isTyping } from './keyboard';
import { ageSex, kanaName, mainName } from './patient-text';
import { ViewElement } from './view-element';

const tabs: (DeliveryState | 'all')[] = ['delivered', 'acknowledged', 'acted_on', 'all'];

/** 届いた報告: what came back to the clinic, the unacknowledged first. */
@customElement('dk-reports')
export class ReportsView extends ViewElement {
  static override styles = [
    baseStyles,
    buttonStyles,
    badgeStyles,
    tabStyles,
    skeletonStyles,
    css`
      :host {
        display: block;
        max-width: 980px;
        margin: 0 auto;
        padding: var(--s-5) var(--s-4) var(--s-7);
      }
      .bar {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--s-2) var(--s-5);
        margin-bottom: var(--s-4);
      }
      h1 {
        font-size: var(--f-display);
      }
      .tabs {
        max-width: 100%;
      }
      dk-search {
        flex: 1 1 200px;
        max-width: 300px;
        margin-left: auto;
      }
      ul[aria-busy='true'] {
        opacity: 0.5;
        transition: opacity 120ms 180ms;
      }
      ul {
        border: 1px solid var(--c-line);
        border-radius: var(--r-3);
        background: var(--c-surface);
        overflow: clip;
      }
      li + li {
        border-top: 1px solid var(--c-line);
      }
      a {
        display: grid;
        grid-template-columns: minmax(0, 15rem) minmax(0, 1fr) auto;
        gap: var(--s-1) var(--s-5);
        align-items: center;
        min-height: 84px;
        padding: var(--s-3) var(--s-4);
        color: inherit;
        text-decoration: none;
      }
      a:hover {
        background: color-mix(in srgb, var(--c-accent-soft) 45%, transparent);
      }
      a:focus-visible {
        outline-offset: -3px;
      }
      .name {
        font-size: 1.125rem;
        font-weight: var(--w-medium);
        line-height: 1.4;
        overflow-wrap: anywhere;
      }
      .small {
        font-size: var(--f-mini);
        color: var(--c-text-soft);
      }
      .impression {
        display: -webkit-box;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 2;
        overflow: hidden;
        overflow-wrap: anywhere;
        line-height: 1.6;
      }
      .side {
        display: grid;
        justify-items: end;
        gap: var(--s-1);
      }
      .foot {
        padding: var(--s-3) 0;
        text-align: center;
      }
      .bone {
        height: 3.2em;
      }
      @media (max-width: 640px) {
        :host {
          padding: var(--s-3) var(--s-2);
        }
        dk-search {
          flex-basis: 100%;
          max-width: none;
        }
        a {
          grid-template-columns: minmax(0, 1fr) auto;
          padding: var(--s-3);
        }
        .impression {
          grid-row: 2;
          grid-column: 1 / -1;
        }
      }
    `,
  ];

  @query('dk-search') private readonly search!: DkSearch;
  private readonly inbox = new ReportInbox();
  private readonly watch = new Watch(this, this.inbox);

  override connectedCallback(): void {
    super.connectedCallback();
    this.inbox.start();
    addEventListener('keydown', this.onKey);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.inbox.stop();
    removeEventListener('keydown', this.onKey);
  }

  override render() {
    const { tab, q, page, error } = this.watch.value;
    return html`
      <div class="bar">
        <h1>${t('reports.title')}</h1>
        <div class="tabs" role="group" aria-label=${t('reports.states')}>
          ${tabs.map(
            (one) => html`<button class="tab" data-testid="state-tab-${one}" aria-pressed=${one === tab} @click=${() => this.inbox.ask({ tab: one })}>
              ${one === 'all' ? t('state.all') : t(`delivery.${one}`)}
              <span class="count">${page ? (one === 'all' ? Object.values(page.counts).reduce((a, b) => a + b, 0) : page.counts[one]) : ''}</span>
            </button>`,
          )}
        </div>
        <dk-search
          role="search"
          testid="report-search"
          .label=${t('reports.search')}
          .value=${q}
          @dk-search=${(event: CustomEvent<string>) => this.inbox.ask({ q: event.detail })}
          @dk-down=${() => this.renderRoot.querySelector<HTMLElement>('li a')?.focus()}
        ></dk-search>
      </div>
      ${error ? errorBanner(error, () => void this.inbox.refresh()) : null} ${page ? this.list(page.reports, page.total) : error ? null : this.loading()}
    `;
  }

  private list(reports: Report[], total: number): TemplateResult {
    const { tab, q, answers } = this.watch.value;
    const fresh = answers === `${tab}\n${q}`;
    if (fresh && reports.length === 0 && q) {
      return html`<dk-empty icon="search" .heading=${t('reports.empty_search', { q })}>
        <button class="button" @click=${this.clearSearch}>${t('cases.search_clear')}</button>
      </dk-empty>`;
    }
    if (fresh && reports.length === 0) {
      const done = tab === 'delivered';
      return html`<dk-empty icon=${done ? 'done' : 'empty'} .heading=${t(done ? 'reports.empty_delivered' : 'reports.empty')} .text=${t('reports.empty_hint')}></dk-empty>`;
    }
    return html`<ul aria-busy=${!fresh}>
        ${repeat(reports, (one) => one.id, (one) => this.row(one))}
      </ul>
      <div class="foot">
        ${total > reports.length ? html`<button class="button" @click=${() => this.inbox.more()}>${t('cases.more')}</button>` : null}
      </div>`;
  }

  private row(one: Report): TemplateResult {
    const state = one.delivery?.state ?? 'delivered';
    return html`<li>
      <a href="/reports/${encodeURIComponent(one.id)}" data-testid="report-row" data-report-id=${one.id} data-state=${state}>
        <div>
          <div class="name">${mainName(one.patient)}</div>
          <div class="small num">${kanaName(one.patient)}　${one.patient.id}　${ageSex(one.patient, one.study_date ?? '')}</div>
        </div>
        <div class="impression">
          <div class="small num">${one.modalities.join(' ')}　${one.study_description ?? ''}　${one.study_date ?? ''}</div>
          ${one.impression || one.findings}
        </div>
        <div class="side">
          <span class="badge ${state}">${t(`delivery.${state}`)}</span>
          <span class="small num">${jstDateTime(one.signed_at)}</span>
        </div>
      </a>
    </li>`;
  }

  private readonly clearSearch = (): void => {
    this.inbox.ask({ q: '' });
    this.search.focus();
  };

  private readonly onKey = (event: KeyboardEvent): void => {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    event.preventDefault();
    this.search.focus();
  };

  private loading(): TemplateResult {
    return html`<ul aria-busy="true" aria-label=${t('common.loading')}>
      ${Array.from({ length: 4 }, () => html`<li><a tabindex="-1" aria-hidden="true"><span class="bone"></span><span class="bone"></span></a></li>`)}
    </ul>`;
  }
}
