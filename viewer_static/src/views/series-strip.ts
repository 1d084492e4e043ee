import { css, html } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import { t } from '../i18n/texts';
import type { SeriesEntry } from '../state/viewer';
import { baseStyles } from '../tokens/base';
import { ViewElement } from './view-element';

/** The series of the study as thumbnails. Fires `dk-series` with the series UID to show. */
@customElement('dk-series-strip')
export class SeriesStrip extends ViewElement {
  static override styles = [
    baseStyles,
    css`
      :host {
        display: block;
        width: 6.75rem;
        min-height: 0;
        overflow: auto;
        border-right: 1px solid var(--c-line);
        background: var(--c-surface);
        scrollbar-width: thin;
      }
      ul {
        display: grid;
        gap: var(--s-2);
        padding: var(--s-2);
      }
      button {
        display: block;
        width: 100%;
        padding: 3px;
        border: 1px solid transparent;
        border-radius: var(--r-2);
        background: none;
        color: var(--c-text-soft);
        font-size: var(--f-mini);
        line-height: 1.35;
        text-align: left;
        cursor: pointer;
      }
      button:hover {
        background: var(--c-raised);
      }
      button[aria-pressed='true'] {
        border-color: var(--c-accent);
        color: var(--c-text);
        background: var(--c-raised);
      }
      .picture > * {
        grid-area: 1 / 1;
      }
      .picture {
        display: grid;
        place-items: center;
        width: 100%;
        aspect-ratio: 1;
        border-radius: var(--r-1);
        background: #000;
        overflow: hidden;
        color: var(--c-text-soft);
        font-weight: var(--w-bold);
        font-size: var(--f-body);
      }
      img {
        width: 100%;
        height: 100%;
        min-height: 0;
        background: #000;
        object-fit: contain;
      }
      .text {
        display: block;
        padding: 3px 2px 0;
        overflow-wrap: anywhere;
      }
      @media (max-width: 900px) {
        :host {
          width: auto;
          border-right: 0;
          border-top: 1px solid var(--c-line);
        }
        ul {
          display: flex;
          overflow-x: auto;
        }
        button {
          width: 84px;
        }
      }
    `,
  ];

  @property({ attribute: false }) series: SeriesEntry[] = [];
  @property() current: string | null = null;

  override render() {
    return html`<nav aria-label=${t('case.series')}>
      <ul>
        ${repeat(this.series, (one) => one.seriesUid, (one) => this.entry(one))}
      </ul>
    </nav>`;
  }

  private entry(one: SeriesEntry) {
    const count = one.images?.frames.length || one.instances;
    return html`<li>
      <button data-testid="series" data-series-uid=${one.seriesUid} aria-pressed=${one.seriesUid === this.current} @click=${() => this.choose(one)}>
        <span class="picture">
          <span>${one.modality || '—'}</span>${one.thumbnail ? html`<img src=${one.thumbnail} alt="" loading="lazy" @error=${hide} />` : null}
        </span>
        <span class="text">${one.description || one.modality || '—'}<br /><span class="num">${count ? t('case.series_count', { n: count }) : ''}</span></span>
      </button>
    </li>`;
  }

  private choose(one: SeriesEntry): void {
    this.dispatchEvent(new CustomEvent('dk-series', { detail: one.seriesUid }));
  }
}

/** A thumbnail that cannot be had leaves the modality. */
const hide = (event: Event): void => {
  (event.target as HTMLElement).hidden = true;
};
