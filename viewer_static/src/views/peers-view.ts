import { css, html, type TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { Peer, Refused } from '../api/peers';
import { badgeStyles } from '../components/badges';
import { buttonStyles } from '../components/buttons';
import '../components/dk-empty';
import '../components/dk-icon';
import '../components/dk-search';
import { skeletonStyles } from '../components/skeleton';
import { jstDateTime } from '../i18n/dates';
import { t } from '../i18n/texts';
import { PeerList, refusedSince } from '../state/peer-list';
import { Watch } from '../state/watch';
import { baseStyles } from '../tokens/base';
import { errorBanner } from './error-banner';
import { peersStyles } from './peers-styles';
import { ViewElement } from './view-element';

/** 接続機器: every DICOM peer, and the strangers that have knocked. */
@customElement('dk-peers')
export class PeersView extends ViewElement {
  static override styles = [
    baseStyles,
    buttonStyles,
    badgeStyles,
    skeletonStyles,
    peersStyles,
    css`
      dk-search {
        flex: 1 1 220px;
        max-width: 320px;
      }
      .lead {
        margin-bottom: var(--s-4);
      }
      .strangers {
        margin-bottom: var(--s-4);
        padding: var(--s-3) var(--s-4);
        border-color: transparent;
        background: var(--c-warn-bg);
        color: var(--c-warn-text);
      }
      .strangers h2 {
        display: flex;
        align-items: center;
        gap: var(--s-2);
        font-size: var(--f-body);
      }
      .strangers .small {
        color: inherit;
      }
      .strangers li {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--s-1) var(--s-4);
        margin-top: var(--s-2);
        padding-top: var(--s-2);
        border-top: 1px solid color-mix(in srgb, currentColor 25%, transparent);
      }
      .peers {
        overflow: clip;
      }
      .row {
        display: grid;
        grid-template-columns: minmax(0, 1.3fr) minmax(0, 1.2fr) minmax(0, 2fr) minmax(0, 1.2fr) minmax(0, 1.1fr);
        gap: var(--s-1) var(--s-4);
        align-items: center;
        padding: var(--s-3) var(--s-4);
        color: inherit;
        text-decoration: none;
        overflow-wrap: anywhere;
      }
      .head {
        padding-block: var(--s-2);
        border-bottom: 1px solid var(--c-line);
        background: var(--c-sunken);
      }
      li + li .row {
        border-top: 1px solid var(--c-line);
      }
      a.row:hover {
        background: color-mix(in srgb, var(--c-accent-soft) 45%, transparent);
      }
      a.row:focus-visible {
        outline-offset: -3px;
      }
      .chips {
        display: flex;
        flex-wrap: wrap;
        gap: 4px;
      }
      .foot {
        margin-top: var(--s-4);
      }
      .bone {
        grid-column: 1 / -1;
        height: 2.2em;
      }
      @media (max-width: 760px) {
        .head {
          display: none;
        }
        .row {
          grid-template-columns: minmax(0, 1fr) minmax(0, 1fr);
        }
        .row > :nth-child(3) {
          grid-column: 1 / -1;
        }
      }
    `,
  ];

  private readonly list = new PeerList();
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
    const { page, error, q } = this.watch.value;
    return html`
      <div class="bar">
        <h1>${t('peers.title')}</h1>
        <a class="button primary push" href="/peers/+new" data-testid="peer-add">${t('peers.add')}</a>
        <dk-search
          role="search"
          testid="peer-search"
          .label=${t('peers.search')}
          .value=${q}
          @dk-search=${(event: CustomEvent<string>) => this.list.search(event.detail)}
          @dk-down=${() => this.renderRoot.querySelector<HTMLElement>('a.row')?.focus()}
        ></dk-search>
      </div>
      ${page ? html`<p class="soft lead">${t('peers.lead', { ae: page.our_ae_title })}</p>` : null}
      ${error ? errorBanner(error, () => void this.list.refresh()) : null}
      ${page && page.strangers.length > 0 ? this.strangers(page.strangers) : null} ${page ? this.peers(page.peers.length) : error ? null : this.loading()}
      <p class="small foot">${t('peers.commands')}</p>
    `;
  }

  private strangers(strangers: Refused[]): TemplateResult {
    return html`<section class="card strangers" data-testid="strangers">
      <h2><dk-icon name="warn"></dk-icon>${t('peers.strangers')}</h2>
      <p class="small">${t('peers.strangers_hint')}</p>
      <ul>
        ${strangers.map(
          (one) => html`<li data-testid="stranger" data-ae=${one.ae_title}>
            <span class="ae">${one.ae_title || '—'}</span>
            <span class="small num">${one.host} ${t('peers.stranger_times', { n: one.count, at: jstDateTime(one.last_at) })}</span>
            ${one.why === 'unknown' ? null : html`<span class="small">${t(`why.${one.why}`)}</span>`}
            ${one.ae_title
              ? html`<a class="button small push" href="/peers/+new?ae=${encodeURIComponent(one.ae_title)}" data-testid="stranger-register">${t('peers.register')}</a>`
              : null}
          </li>`,
        )}
      </ul>
    </section>`;
  }

  private peers(total: number): TemplateResult {
    const found = this.list.found;
    if (total === 0) {
      return html`<dk-empty .heading=${t('peers.empty')} .text=${t('peers.empty_hint')}>
        <a class="button" href="/peers/+new">${t('peers.add')}</a>
      </dk-empty>`;
    }
    if (found.length === 0) return html`<dk-empty icon="search" .heading=${t('peers.empty_search', { q: this.watch.value.q })}></dk-empty>`;
    return html`<div class="card peers">
      <div class="row head small" aria-hidden="true">
        <span>${t('peers.col_ae')}</span><span>${t('peers.col_site')}</span><span>${t('peers.col_services')}</span><span>${t('peers.col_address')}</span
        ><span>${t('peers.col_seen')}</span>
      </div>
      <ul>
        ${repeat(found, (one) => one.ae_title, (one) => html`<li>${this.row(one)}</li>`)}
      </ul>
    </div>`;
  }

  private row(one: Peer): TemplateResult {
    const { services, address, enabled } = one.settings;
    return html`<a class="row" href="/peers/${encodeURIComponent(one.ae_title)}" data-testid="peer-row" data-ae=${one.ae_title}>
      <span><span class="ae">${one.ae_title}</span>${enabled ? null : html` <span class="badge plain danger">${t('peers.disabled')}</span>`}</span>
      <span>${one.site.name}</span>
      <span class="chips">
        ${services.length > 0 ? services.map((service) => html`<span class="badge plain" title=${t(`service.${service}`)}>${t(`service.${service}_short`)}</span>`) : html`<span class="soft">${t('peers.no_services')}</span>`}
      </span>
      <span class="num">${address || html`<span class="soft">—</span>`}</span>
      <span>
        <span class="num">${one.last_seen ? jstDateTime(one.last_seen.at) : html`<span class="soft">${t('peers.never')}</span>`}</span>
        ${one.refused && refusedSince(one)
          ? html`<span class="badge plain danger" title=${t(`why.${one.refused.why}`)} data-testid="peer-refused">${t('peers.refused', { n: one.refused.count })}</span>`
          : null}
      </span>
    </a>`;
  }

  private loading(): TemplateResult {
    return html`<div class="card peers" role="status" aria-label=${t('common.loading')}>
      ${Array.from({ length: 4 }, () => html`<div class="row"><span class="bone"></span></div>`)}
    </div>`;
  }
}
