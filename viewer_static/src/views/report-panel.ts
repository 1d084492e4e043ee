import { css, html } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { Report } from '../api/types';
import { badgeStyles } from '../components/badges';
import { baseStyles } from '../tokens/base';
import { t } from '../i18n/texts';
import { panelStyles } from './panel-styles';
import { reportText, reportTextStyles } from './report-text';
import { ViewElement } from './view-element';

/** The report of this case where it is read, not written. */
@customElement('dk-report-panel')
export class ReportPanel extends ViewElement {
  static override styles = [
    baseStyles,
    badgeStyles,
    panelStyles,
    reportTextStyles,
    css`
      header {
        display: flex;
        justify-content: space-between;
        margin-bottom: var(--s-3);
      }
      section.all {
        padding-top: var(--s-3);
        border-top: 1px solid var(--c-line);
      }
    `,
  ];

  @property({ attribute: false }) report: Report | null = null;
  @property({ type: Boolean }) waiting = false;

  override render() {
    const { report } = this;
    return html`<section class="all" aria-labelledby="report">
      <header>
        <h2 id="report">${t('report.title')}</h2>
        ${report ? html`<span class="badge ${report.state}">${t(`report.${report.state}`)}</span>` : null}
      </header>
      ${report ? reportText(report, 3) : this.waiting ? html`<p class="soft">${t('case.waiting_report')}</p>` : html`<p class="soft">${t('report.empty')}</p>`}
    </section>`;
  }
}
