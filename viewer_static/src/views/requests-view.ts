import { css, html, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { ReadingRequest } from '../api/requests';
import type { Session } from '../api/types';
import { badgeStyles } from '../components/badges';
import { buttonStyles } from '../components/buttons';
import '../components/dk-empty';
import '../components/dk-search';
import { skeletonStyles } from '../components/skeleton';
import { tabStyles } from '../components/tabs';
import { dueText } from '../i18n/dates';
import { t } from '../i18n/texts';
import { RequestList, type RequestTab } from '../state/request-list';
import { may } from '../state/routes';
import { Watch } from '../state/watch';
import { baseStyles } from '../tokens/base';
import { errorBanner } from './error-banner';
import { ageSex, kanaName, mainName } from './patient-text';
import { peersStyles } from './peers-styles';
import { ViewElement } from './view-element';

const tabs: RequestTab[] = ['today', 'open', 'done', 'cancelled'];

/** What of a request's images is here: 312 / 500, or a plain count where nobody has said how many there will be. */
export const arrivals = (one: Pick<ReadingRequest, 'instance_count' | 'expected_count'>): string =>
  one.expected_count === null ? t('requests.images', { n: one.instance_count }) : t('requests.images_of', { n: one.instance_count, total: one.expected_count });

/** 読影依頼: what the own site has asked for, and what of it has come. */
@customElement('dk-requests')
export class RequestsView extends ViewElement {
  static override styles = [
    baseStyles,
    buttonStyles,
    badgeStyles,
    tabStyles,
    skeletonStyles,
    peersStyles,
    css`
      dk-search {
        flex: 1 1 200px;
        max-width: 300px;
      }
      .bar {
        margin-bottom: var(--s-4);
      }
      .tabs {
        max-width: 100%;
      }
      ul {
        overflow: clip;
      }
      ul[aria-busy='true'] {
        opacity: 0.5;
        transition: opacity 120ms 180ms;
      }
      li + li {
        border-top: 1px solid var(--c-line);
      }
      a.row {
        display: grid;
        grid-template-columns: 6.5rem minmax(0, 1.2fr) minmax(0, 1.6fr) minmax(0, 12rem);
        gap: var(--s-1) var(--s-4);
        align-items: center;
        min-height: 76px;
        padding: var(--s-3) var(--s-4);
        color: inherit;
        text-decoration: none;
        overflow-wrap: anywhere;
      }
      a.row:hover {
        background: color-mix(in srgb, var(--c-accent-soft) 45%, transparent);
      }
      a.row:focus-visible {
        outline-offset: -3px;
      }
      .time {
        font-size: var(--f-large);
        font-weight: var(--w-medium);
      }
      .name {
        font-size: 1.0625rem;
        font-weight: var(--w-medium);
        line-height: 1.4;
      }
      .reason {
        display: -webkit-box;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 2;
        overflow: hidden;
      }
      .side {
        display: grid;
        justify-items: end;
        gap: var(--s-1);
        text-align: right;
      }
      .foot {
        padding: var(--s-3) 0;
        text-align: center;
      }
      .bone {
        height: 2.8em;
      }
      @media (max-width: 760px) {
        a.row {
          grid-template-columns: minmax(0, 1fr) auto;
        }
        .what {
          grid-column: 1 / -1;
          grid-row: 3;
        }
        .who {
          grid-column: 1 / -1;
          grid-row: 2;
        }
      }
    `,
  ];

  @property({ attribute: false }) session!: Session;
  private readonly list = new RequestList();
  private readonly watch = new Watch(this, this.list);

  override connectedCallback(): void {
    super.connectedCallback();
    this.list.start();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.list.stop();
  }

  override render() {
    const { page, error, tab, q } = this.watch.value;
    return html`
      <div class="bar">
        <h1>${t('requests.title')}</h1>
        <div class="tabs" role="group" aria-label=${t('requests.states')}>
          ${tabs.map(
            (one) => html`<button class="tab" data-testid="request-tab-${one}" aria-pressed=${one === tab} @click=${() => this.list.ask({ tab: one })}>
              ${t(`requests.tab_${one}`)}<span class="count">${page ? page.counts[one] : ''}</span>
            </button>`,
          )}
        </div>
        ${may(this.session, 'requests.enter') ? html`<a class="button primary push" href="/requests/+new" data-testid="request-new">${t('requests.new')}</a>` : null}
        <dk-search
          role="search"
          testid="request-search"
          .label=${t('cases.search')}
          .value=${q}
          @dk-search=${(event: CustomEvent<string>) => this.list.ask({ q: event.detail })}
          @dk-down=${() => this.renderRoot.querySelector<HTMLElement>('a.row')?.focus()}
        ></dk-search>
      </div>
      ${error ? errorBanner(error, () => void this.list.refresh()) : null} ${page ? this.rows() : error ? null : this.loading()}
    `;
  }

  private rows(): TemplateResult {
    const { page, tab, q, answers } = this.watch.value;
    const requests = page?.requests ?? [];
    const fresh = answers === `${tab}\n${q}`;
    if (fresh && requests.length === 0) {
      return html`<dk-empty .icon=${q ? 'search' : 'empty'} .heading=${q ? t('requests.empty_search', { q }) : t(`requests.empty_${tab}`)} .text=${q ? '' : t('requests.empty_hint')}></dk-empty>`;
    }
    return html`<ul class="card" aria-busy=${!fresh}>
        ${repeat(requests, (one) => one.id, (one) => this.row(one))}
      </ul>
      <div class="foot">
        ${page && page.total > requests.length ? html`<button class="button" @click=${() => this.list.more()}>${t('cases.more')}</button>` : null}
      </div>`;
  }

  private row(one: ReadingRequest): TemplateResult {
    const badge = one.state === 'done' ? 'read' : one.state === 'open' ? 'unread' : '';
    return html`<li>
      <a class="row" href="/requests/${encodeURIComponent(one.id)}" data-testid="request-row" data-request-id=${one.id} data-state=${one.state}>
        <div class="num">
          <div class="time">${one.scheduled_time ?? t('requests.any_time')}</div>
          <div class="small">${dueText(one.scheduled_date)}</div>
        </div>
        <div class="who">
          <div class="name">${mainName(one.patient)}</div>
          <div class="small num">${kanaName(one.patient)}　${one.patient.id}　${ageSex(one.patient, one.scheduled_date)}</div>
        </div>
        <div class="what">
          <div>
            <b>${one.modality}</b>　${one.procedure_description || one.body_part}
            ${one.priority === 'routine' ? null : html`<span class="badge plain danger">${t(`requests.priority_${one.priority}`)}</span>`}
          </div>
          <div class="small reason">${one.reason || t('cases.no_reason')}</div>
        </div>
        <div class="side">
          <span><span class="badge ${badge}">${t(`requests.state_${one.state}`)}</span></span>
          ${one.patient_differs ? html`<span class="badge plain danger" data-testid="request-differs">${t('requests.differs_badge')}</span>` : null}
          <span class="small num" data-testid="request-arrivals">${this.progress(one)}</span>
          <span class="small num">${one.accession_number}</span>
        </div>
      </a>
    </li>`;
  }

  private progress(one: ReadingRequest): string {
    if (one.instance_count > 0) return arrivals(one);
    if (one.performed === 'IN PROGRESS') return t('requests.performing');
    if (one.performed === 'DISCONTINUED') return t('requests.discontinued');
    return one.performed === 'COMPLETED' ? t('requests.performed') : '';
  }

  private loading(): TemplateResult {
    return html`<ul class="card" aria-busy="true" aria-label=${t('common.loading')}>
      ${Array.from({ length: 4 }, () => html`<li><a class="row" tabindex="-1" aria-hidden="true"><span class="bone"></span><span class="bone"></span><span class="bone"></span></a></li>`)}
    </ul>`;
  }
}
