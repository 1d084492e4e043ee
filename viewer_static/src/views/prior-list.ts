import { css, html } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { Prior } from '../api/types';
import { buttonStyles } from '../components/buttons';
import '../components/dk-icon';
import { t } from '../i18n/texts';
import { baseStyles } from '../tokens/base';
import { panelStyles } from './panel-styles';
import { ViewElement } from './view-element';

/** Earlier studies of the same patient. Fires `dk-prior` with the prior to show. */
@customElement('dk-priors')
export class PriorList extends ViewElement {
  static override styles = [
    baseStyles,
    buttonStyles,
    panelStyles,
    css`
      li {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0 var(--s-3);
        padding: 2px 0;
      }
      .what {
        flex: 1 1 8em;
        min-width: 0;
      }
      .site {
        display: inline-block;
      }
    `,
  ];

  @property({ attribute: false }) priors: Prior[] = [];
  @property() shown: string | null = null;

  override render() {
    if (this.priors.length === 0) return html`<p class="soft none">${t('case.no_priors')}</p>`;
    return html`<section aria-labelledby="priors">
      <h2 id="priors">${t('case.priors')}</h2>
      <ul>
        ${this.priors.map((prior) => {
          const shown = prior.study_uid === this.shown;
          return html`<li>
            <span class="num">${prior.study_date ?? '—'}</span>
            <span class="what">${prior.modalities.join(' ')}　${prior.study_description || prior.body_part || ''} <span class="soft site">${prior.site.name}</span></span>
            ${prior.report_id
              ? html`<a class="button quiet small" href="/reports/${encodeURIComponent(prior.report_id)}" target="_blank">${t('case.prior_report')}</a>`
              : null}
            <button class="button small" data-testid="prior-open" aria-pressed=${shown} @click=${() => this.show(shown ? null : prior)}>
              ${shown ? t('case.prior_return') : t('case.prior_open')}
            </button>
          </li>`;
        })}
      </ul>
    </section>`;
  }

  private show(prior: Prior | null): void {
    this.dispatchEvent(new CustomEvent('dk-prior', { detail: prior }));
  }
}
