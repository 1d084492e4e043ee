import { css, html } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { CaseDetail, Prior } from '../api/types';
import { badgeStyles } from '../components/badges';
import { dueText, eraYear, jstDate } from '../i18n/dates';
import { t } from '../i18n/texts';
import { baseStyles } from '../tokens/base';
import { isOverdue } from './case-row';
import { ageSex, kanaName, mainName } from './patient-text';
import { ViewElement } from './view-element';

/** Who and what is on the screen; always visible while a case is open. */
@customElement('dk-patient-banner')
export class PatientBanner extends ViewElement {
  static override styles = [
    baseStyles,
    badgeStyles,
    css`
      :host {
        position: sticky;
        top: 0;
        z-index: 3;
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0 var(--s-5);
        padding: 6px var(--s-4);
        border-bottom: 1px solid var(--c-line);
        background: var(--c-raised);
        line-height: 1.5;
      }
      h1 {
        font-size: 1.25rem;
        display: inline;
        overflow-wrap: anywhere;
      }
      .kana {
        margin-left: var(--s-2);
        color: var(--c-text-soft);
        font-size: var(--f-small);
      }
      .group {
        display: flex;
        flex-wrap: wrap;
        gap: 0 var(--s-3);
        align-items: baseline;
      }
      .study {
        padding-left: var(--s-5);
        border-left: 1px solid var(--c-line);
      }
      .modality {
        font-weight: var(--w-bold);
      }
      .side {
        padding: 0 var(--s-2);
        border: 1px solid currentColor;
        border-radius: var(--r-1);
        font-weight: var(--w-bold);
      }
      .state {
        margin-left: auto;
        display: flex;
        gap: var(--s-2);
        align-items: center;
        font-size: var(--f-small);
      }
      .badge.late {
        background: var(--c-danger);
        color: var(--c-on-danger);
        font-weight: var(--w-bold);
      }
      .overdue {
        color: var(--c-danger-text);
        font-weight: var(--w-bold);
      }
      @media (max-width: 640px) {
        :host {
          padding: 6px var(--s-3);
          font-size: var(--f-small);
        }
        .study {
          padding-left: 0;
          border: 0;
        }
        h1 {
          font-size: 1.125rem;
        }
        .secondary {
          display: none;
        }
      }
    `,
  ];

  @property({ attribute: false }) detail!: CaseDetail;
  @property({ attribute: false }) prior: Prior | null = null;
  @property() laterality = '';

  override render() {
    const one = this.detail;
    const { patient } = one;
    const on = one.study_date ?? jstDate();
    const side = { R: 'case.laterality_R', L: 'case.laterality_L', B: 'case.laterality_B' } as const;
    const sideKey = side[this.laterality as keyof typeof side];
    return html`
      <div><h1>${mainName(patient)}</h1><span class="kana">${kanaName(patient)}</span></div>
      <div class="group num">
        <span><span class="visually-hidden">${t('case.patient_id')}</span>${patient.id}</span>
        <span><span class="visually-hidden">${t('case.birth_date')}</span>${patient.birth_date ?? '—'}${patient.birth_date ? html`<span class="soft"> (${eraYear(patient.birth_date)})</span>` : null}</span>
        <strong>${ageSex(patient, on)}</strong>
      </div>
      <div class="group study num">
        <span class="modality">${one.modalities.join(' ')}</span>
        <span>${one.study_description || one.body_part || ''}</span>
        ${sideKey ? html`<span class="side">${t(sideKey)}</span>` : null}
        <span>${one.study_date ?? '—'} ${one.study_time?.slice(0, 5) ?? ''}</span>
        <span class="soft secondary">${one.site.name}</span>
      </div>
      <div class="state">
        ${one.due_date && one.state !== 'read'
          ? html`<span class="num ${isOverdue(one) ? 'overdue' : 'soft'}">${t('cases.due')} ${dueText(one.due_date)}</span>${isOverdue(one) ? html`<span class="badge late">${t('cases.overdue')}</span>` : null}`
          : null}
        <span class="badge ${one.state}">${t(`state.${one.state}`)}</span>
      </div>
    `;
  }
}
