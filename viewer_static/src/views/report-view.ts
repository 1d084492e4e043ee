import { css, html, type TemplateResult } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import type { Delivery, Report, Session } from '../api/types';
import { badgeStyles } from '../components/badges';
import { buttonStyles } from '../components/buttons';
import '../components/dk-icon';
import { fieldStyles } from '../components/fields';
import { eraDate, jstDateTime } from '../i18n/dates';
import { t } from '../i18n/texts';
import { ReportSheet } from '../state/report-sheet';
import { may } from '../state/routes';
import { Watch } from '../state/watch';
import { pdfUrl } from '../state/links';
import { baseStyles } from '../tokens/base';
import { errorBanner } from './error-banner';
import { ageSex, kanaName, mainName } from './patient-text';
import { reportText, reportTextStyles } from './report-text';
import { ViewElement } from './view-element';

/** One report as the clinic reads it, down to a 360 px wide phone, and what was done about it. */
@customElement('dk-report')
export class ReportView extends ViewElement {
  static override styles = [
    baseStyles,
    buttonStyles,
    fieldStyles,
    badgeStyles,
    reportTextStyles,
    css`
      :host {
        display: block;
        max-width: 860px;
        margin: 0 auto;
        padding: var(--s-4) var(--s-4) var(--s-7);
      }
      .back {
        display: inline-flex;
        align-items: center;
        gap: var(--s-1);
        min-height: var(--control);
        color: var(--c-text-soft);
        text-decoration: none;
      }
      article,
      .handling {
        padding: var(--s-5) var(--s-6);
        border: 1px solid var(--c-line);
        border-radius: var(--r-3);
        background: var(--c-surface);
      }
      .handling {
        margin-top: var(--s-4);
        display: grid;
        gap: var(--s-4);
      }
      .handling h2 {
        font-size: var(--f-large);
      }
      .head {
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        gap: var(--s-2);
        padding-bottom: var(--s-4);
        margin-bottom: var(--s-5);
        border-bottom: 1px solid var(--c-line);
      }
      h1 {
        font-size: var(--f-display);
        overflow-wrap: anywhere;
      }
      .facts {
        display: flex;
        flex-wrap: wrap;
        gap: 0 var(--s-4);
        flex-basis: 100%;
      }
      .reason {
        margin-bottom: var(--s-5);
        padding: var(--s-3) var(--s-4);
        border-radius: var(--r-2);
        background: var(--c-page);
        overflow-wrap: anywhere;
      }
      .actions {
        display: flex;
        flex-wrap: wrap;
        gap: var(--s-2);
        margin-top: var(--s-5);
      }
      ol {
        display: grid;
        gap: var(--s-1);
      }
      ol li {
        display: grid;
        grid-template-columns: 5.5em 11em 1fr;
        gap: var(--s-2);
      }
      form {
        display: grid;
        gap: var(--s-3);
      }
      .primary {
        --control: 48px;
        font-size: var(--f-large);
        justify-self: start;
        min-width: 200px;
      }
      @media (max-width: 640px) {
        :host {
          padding: var(--s-2) var(--s-2) var(--s-6);
        }
        article,
        .handling {
          padding: var(--s-4);
        }
        ol li {
          grid-template-columns: 4em 1fr;
        }
        ol li span:last-child {
          grid-column: 2;
        }
        .primary,
        .actions .button {
          width: 100%;
        }
      }
    `,
  ];

  @property() reportId = '';
  @property({ attribute: false }) session!: Session;
  @query('#note') private readonly note!: HTMLTextAreaElement;
  private sheet!: ReportSheet;
  private watch!: Watch<ReportSheet['value']>;

  override connectedCallback(): void {
    this.sheet = new ReportSheet(this.reportId);
    this.watch = new Watch(this, this.sheet);
    super.connectedCallback();
    void this.sheet.load();
  }

  override render() {
    const { report, error } = this.watch.value;
    const inbox = may(this.session, 'reports.inbox');
    return html`
      <a class="back" href=${inbox ? '/reports' : '/cases'}><dk-icon name="back"></dk-icon>${inbox ? t('reports.back') : t('common.back')}</a>
      ${error ? errorBanner(error, () => void this.sheet.load()) : null}
      ${report ? this.paper(report) : null} ${report?.delivery && inbox ? this.handling(report.delivery) : null}
    `;
  }

  private paper(report: Report): TemplateResult {
    const { patient } = report;
    return html`<article aria-labelledby="patient">
      <div class="head">
        <div>
          <h1 id="patient">${mainName(patient)}</h1>
          <span class="soft">${kanaName(patient)}</span>
        </div>
        <div>${report.delivery ? html`<span class="badge ${report.delivery.state}">${t(`delivery.${report.delivery.state}`)}</span>` : null}</div>
        <div class="facts num">
          <span>${patient.id}</span>
          <span>${patient.birth_date ? `${patient.birth_date}（${eraDate(patient.birth_date)}）` : ''}</span>
          <span>${ageSex(patient, report.study_date ?? '')}</span>
        </div>
        <div class="facts num">
          <span>${report.modalities.join(' ')}　${report.study_description ?? report.body_part ?? ''}</span>
          <span>${report.study_date ? `${report.study_date}（${eraDate(report.study_date)}）` : ''}</span>
        </div>
      </div>
      ${report.reason ? html`<div class="reason"><span class="label">${t('case.reason')}</span><br />${report.reason}</div>` : null}
      ${reportText(report, 2)}
      <div class="actions">
        <a class="button" href="/cases/${encodeURIComponent(report.case_id)}"><dk-icon name="images"></dk-icon>${t('reports.images')}</a>
        <a class="button" href=${pdfUrl(report.id)} target="_blank" rel="noopener"><dk-icon name="document"></dk-icon>${t('reports.pdf')}</a>
      </div>
    </article>`;
  }

  private handling(delivery: Delivery): TemplateResult {
    const { busy } = this.watch.value;
    const doctor = this.session.person.role === 'referring_doctor';
    const line = (name: string, at: string | null, who?: { name: string } | null): TemplateResult | null =>
      at ? html`<li><span class="soft">${name}</span><span class="num">${jstDateTime(at)}</span><span>${who?.name ?? ''}</span></li>` : null;
    return html`<section class="handling" aria-labelledby="handling">
      <h2 id="handling">${t('reports.handling')}</h2>
      <ol>
        ${line(t('reports.delivered_at'), delivery.delivered_at)} ${line(t('reports.opened_at'), delivery.opened_at, delivery.opened_by)}
        ${line(t('reports.acknowledged_at'), delivery.acknowledged_at, delivery.acknowledged_by)}
        ${line(t('reports.acted_at'), delivery.acted_on_at, delivery.acted_on_by)}
        ${delivery.action_note ? html`<li><span class="soft">${t('reports.note')}</span><span class="note-text" style="grid-column: 2 / -1; overflow-wrap: anywhere">${delivery.action_note}</span></li>` : null}
      </ol>
      ${doctor && delivery.state === 'delivered'
        ? html`<button class="button primary" data-testid="report-acknowledge" ?disabled=${busy} @click=${() => void this.sheet.acknowledge()}>${t('reports.acknowledge')}</button>`
        : null}
      ${doctor && delivery.state === 'acknowledged'
        ? html`<form @submit=${this.act}>
            <div class="field">
              <label for="note">${t('reports.act_note')}</label>
              <textarea class="input" id="note" rows="2" maxlength="1000" data-testid="report-act-note" placeholder=${t('reports.act_note_hint')}></textarea>
            </div>
            <button class="button primary" data-testid="report-act" ?disabled=${busy}>${t('reports.act')}</button>
          </form>`
        : null}
    </section>`;
  }

  private act(event: Event): void {
    event.preventDefault();
    void this.sheet.act(this.note.value.trim());
  }
}
