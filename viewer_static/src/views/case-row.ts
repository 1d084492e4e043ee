import { html, type TemplateResult } from 'lit';
import type { Case } from '../api/types';
import { dueText, jstDate } from '../i18n/dates';
import { t } from '../i18n/texts';
import { ageSex, kanaName, mainName } from './patient-text';

export const isOverdue = (one: Case, today: string = jstDate()): boolean =>
  one.state !== 'read' && one.due_date !== null && one.due_date < today;

/** 312 / 500 while images come and somebody has said how many there will be. */
export const receivedOf = (one: Case): string =>
  one.state === 'receiving' && one.expected_count !== null ? `${one.instance_count} / ${one.expected_count}` : '';

/** One row of the case list. The link in the patient cell is what the keyboard stands on. */
export function caseRow(one: Case, at: { selected: boolean; focusable: boolean; next: boolean }, onSelect: () => void): TemplateResult {
  const overdue = isOverdue(one);
  const { selected, focusable, next } = at;
  return html`<tr
    class="${selected ? 'selected' : ''} ${overdue ? 'late' : ''}"
    data-testid="case-row"
    data-case-id=${one.id}
    data-state=${one.state}
    @click=${(event: MouseEvent) => {
      if (!(event.target as Element).closest('a')) (event.currentTarget as Element).querySelector('a')?.click();
    }}
  >
    <td class="c-state">
      <span class="badge ${one.state}">${t(`state.${one.state}`)}</span>${receivedOf(one)
        ? html`<span class="one small num" data-testid="case-arrivals">${receivedOf(one)}</span>`
        : null}${next ? html`<span class="next" data-testid="case-next">${t('cases.next')}</span>` : null}
    </td>
    <td class="c-due num">
      <span class="${overdue ? 'overdue' : ''}">${dueText(one.due_date)}</span>${overdue
        ? html`<span class="late-word" data-testid="case-overdue">${t('cases.overdue')}</span>`
        : null}
    </td>
    <td class="c-patient">
      <a class="patient" href="/cases/${encodeURIComponent(one.id)}" tabindex=${focusable ? 0 : -1} @focus=${onSelect}>
        <span class="one"><span class="name">${mainName(one.patient)}</span><span class="kana">${kanaName(one.patient)}</span></span>
        ${one.identity_conflict ? html`<span class="late-word" data-testid="case-conflict">${t('cases.conflict')}</span>` : null}
        ${one.text_suspect ? html`<span class="badge plain" data-testid="case-text-suspect" title=${t('cases.text_suspect_title')}>${t('cases.text_suspect')}</span>` : null}
        ${one.images_replaced > 0
          ? html`<span class="badge danger" data-testid="case-replaced" title=${t('cases.replaced_title', { n: one.images_replaced })}>${t('cases.replaced')}</span>`
          : null}
        <span class="one small num">${one.patient.id}　${ageSex(one.patient, one.study_date ?? jstDate())}</span>
      </a>
    </td>
    <td class="c-modality"><span class="modality">${one.modalities.join(' ')}</span></td>
    <td class="c-study">
      <span class="clip" title=${one.study_description ?? ''}>${one.study_description || one.body_part || '—'}</span>
      ${one.prior_count
        ? html`<span class="badge plain" title=${t('cases.prior_label', { n: one.prior_count })}>${t('cases.prior')} ${one.prior_count}</span>`
        : null}
    </td>
    <td class="c-date num">${one.study_date ?? '—'}<span class="one small">${one.study_time?.slice(0, 5) ?? ''}</span></td>
    <td class="c-site"><span class="clip">${one.site.name}</span></td>
    <td class="c-images num" title=${t('cases.images_text', { series: one.series_count, instances: one.instance_count })}>
      ${one.series_count} / ${one.instance_count}
    </td>
    <td class="c-reason"><span class="clip ${one.reason ? '' : 'soft'}">${one.reason || t('cases.no_reason')}</span></td>
    <td class="c-reader"><span class="one">${one.reader?.name ?? ''}</span></td>
  </tr>`;
}
