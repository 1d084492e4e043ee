import { html, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { CaseDetail } from '../api/types';
import { badgeStyles } from '../components/badges';
import { buttonStyles } from '../components/buttons';
import '../components/dk-banner';
import '../components/dk-dialog';
import { fieldStyles } from '../components/fields';
import { jstTime } from '../i18n/dates';
import { t } from '../i18n/texts';
import type { CaseRoom } from '../state/case-room';
import type { ReportDraft } from '../state/report-draft';
import { navigate } from '../state/router';
import { baseStyles } from '../tokens/base';
import { errorBanner } from './error-banner';
import { ageSex, kanaName, mainName, studyText } from './patient-text';
import { reportEditorStyles } from './report-editor-styles';
import { reportText, reportTextStyles } from './report-text';
import { ViewElement } from './view-element';

/** 所見 and 診断, saved while typing, signed once. Fires `dk-leave` on Escape. */
@customElement('dk-report-editor')
export class ReportEditor extends ViewElement {
  static override styles = [baseStyles, buttonStyles, fieldStyles, badgeStyles, reportTextStyles, reportEditorStyles];

  @property({ attribute: false }) draft!: ReportDraft;
  @property({ attribute: false }) room!: CaseRoom;
  @property({ attribute: false }) detail!: CaseDetail;
  @state() private asking: 'sign' | 'release' | null = null;
  @query('#findings') private readonly findings!: HTMLTextAreaElement | null;
  private stops: (() => void)[] = [];

  override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has('draft') && !changed.has('room')) return;
    this.stopAll();
    const again = (): void => this.requestUpdate();
    this.stops = [this.draft.subscribe(again), this.room.subscribe(again)];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener('keydown', this.onKey);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stopAll();
    removeEventListener('keydown', this.onKey);
  }

  /** Put the cursor where writing goes on. */
  begin(): void {
    this.findings?.focus();
  }

  override render() {
    const { state: at, error, restored } = this.draft.value;
    return html`
      ${this.whose()} ${error && at === 'signed' ? errorBanner(error) : null} ${at === 'conflict' ? this.conflict() : null}
      ${restored ? html`<dk-banner .text=${t('report.restored')}></dk-banner>` : null}
      ${at === 'signed' ? [this.signed(), this.keptText()] : [this.keptText(), this.fields()]}
      ${this.signDialog()} ${this.releaseDialog()}
    `;
  }

  /** When the images are not the study of this report, say so where the report is written. */
  private whose(): TemplateResult | null {
    const { stranger, prior } = this.room.value;
    if (stranger) return html`<dk-banner kind="danger" data-testid="report-stranger" .heading=${t('report.stranger_title')} .text=${t('report.stranger_text')}></dk-banner>`;
    if (!prior) return null;
    const one = this.detail;
    return html`<dk-banner
      kind="warn"
      data-testid="report-other-study"
      .heading=${t('report.images_other', { study: studyText(prior) })}
      .text=${t('report.images_own', { name: mainName(one.patient), study: studyText(one) })}
    ></dk-banner>`;
  }

  /** The text that lost a conflict, to copy from. */
  private keptText(): TemplateResult | null {
    const { kept } = this.draft.value;
    if (!kept || !(kept.findings || kept.impression)) return null;
    return html`<section class="kept">
            <header><h3>${t('report.kept')}</h3><button class="button quiet small" @click=${() => this.draft.dropKept()}>${t('report.kept_drop')}</button></header>
            <p class="pre">${kept.findings || '—'}</p><p class="pre strong">${kept.impression || '—'}</p>
          </section>`;
  }

  private fields(): TemplateResult {
    const { findings, impression, state: at, error } = this.draft.value;
    const stranger = this.room.value.stranger !== null;
    const locked = at === 'conflict' || at === 'signing';
    const empty = !findings.trim() && !impression.trim();
    return html`
      <div class="field grow">
        <label for="findings">${t('report.findings')}</label>
        <textarea class="input" id="findings" data-testid="report-findings" placeholder=${t('report.findings_hint')} .value=${findings} ?readonly=${locked} @input=${(event: Event) => this.draft.type({ findings: (event.target as HTMLTextAreaElement).value })}></textarea>
      </div>
      <div class="field">
        <label for="impression">${t('report.impression')}</label>
        <textarea class="input impression" id="impression" data-testid="report-impression" placeholder=${t('report.impression_hint')} .value=${impression} ?readonly=${locked} @input=${(event: Event) => this.draft.type({ impression: (event.target as HTMLTextAreaElement).value })}></textarea>
      </div>
      ${/* below the text, which must not jump while somebody types */ error ? errorBanner(error, at === 'failed' ? () => void this.draft.flush() : undefined) : null}
      <div class="actions">
        ${this.saveState()}
        ${this.detail.permissions.release
          ? html`<button class="button quiet" data-testid="case-release" @click=${() => (this.asking = 'release')}>${t('case.release')}</button>`
          : null}
        <button class="button primary" data-testid="report-sign" title=${t('report.sign_key')} ?disabled=${empty || locked || stranger} @click=${() => (this.asking = 'sign')}>${t('report.sign')}</button>
      </div>
    `;
  }

  private saveState(): TemplateResult {
    const { state: at, savedAt } = this.draft.value;
    const words = {
      clean: savedAt ? t('report.saved', { time: jstTime(savedAt) }) : t('report.empty'),
      dirty: t('report.unsaved'),
      saving: t('report.saving'),
      typing_while_saving: t('report.saving'),
      failed: t('report.save_failed'),
      conflict: t('report.unsaved'),
      signing: t('report.signing'),
      signed: t('report.signed_title'),
    }[at];
    return html`<span class="save num ${at}" role="status" data-testid="report-save-state" data-state=${at}>${words}</span>`;
  }

  private conflict(): TemplateResult | null {
    const { theirs, findings, impression } = this.draft.value;
    if (!theirs) return null;
    const text = (title: string, one: { findings: string; impression: string }, button: TemplateResult): TemplateResult =>
      html`<div class="version"><h3>${title}</h3><p class="pre">${one.findings || '—'}</p><p class="pre strong">${one.impression || '—'}</p>${button}</div>`;
    const mine = html`<button class="button small" data-testid="conflict-mine" @click=${() => this.draft.takeMine()}>${t('report.conflict_take_mine')}</button>`;
    const other = html`<button class="button small" data-testid="conflict-theirs" @click=${() => this.draft.takeTheirs()}>${t('report.conflict_take_theirs')}</button>`;
    return html`<dk-banner kind="warn" data-testid="report-conflict" .heading=${t('report.conflict_title')} .text=${t('report.conflict_text')}>
      <div class="versions">
        ${text(t('report.conflict_mine'), { findings, impression }, mine)}
        ${text(`${t('report.conflict_theirs')} ${jstTime(theirs.saved_at)}`, theirs, other)}
      </div>
      <div class="choices">
        <button class="button small" data-testid="conflict-both" @click=${() => this.draft.takeBoth()}>${t('report.conflict_both')}</button>
      </div>
    </dk-banner>`;
  }

  private signed(): TemplateResult {
    const { report } = this.draft.value;
    const { next } = this.room.value;
    return html`
      <dk-banner kind="done" data-testid="report-signed" .heading=${t('report.signed_title')} .text=${t('report.signed_text', { site: this.detail.site.name })}>
        <div class="choices">
          ${next
            ? html`<a class="button primary" id="next" data-testid="next-case" href="/cases/${encodeURIComponent(next.id)}">${t('report.next')}　${mainName(next.patient)} ${next.modalities.join(' ')}</a>`
            : next === null
              ? html`<span>${t('report.next_none')}</span>`
              : null}
          <a class="button" href="/cases">${t('common.back')}</a>
        </div>
      </dk-banner>
      ${report ? reportText(report, 3) : null}
    `;
  }

  private signDialog(): TemplateResult {
    const one = this.detail;
    const { prior } = this.room.value;
    return html`<dk-dialog .open=${this.asking === 'sign'} .heading=${t('report.sign_title')} @dk-close=${() => (this.asking = null)}>
      <p>${t('report.sign_text', { site: one.site.name })}</p>
      <dl class="who">
        <dt>${t('case.patient')}</dt>
        <dd><strong>${mainName(one.patient)}</strong> ${kanaName(one.patient)}<br /><span class="num">${one.patient.id}　${one.patient.birth_date ?? ''}　${ageSex(one.patient, one.study_date ?? '')}</span></dd>
        <dt>${t('case.study')}</dt>
        <dd class="num"><strong>${one.modalities.join(' ')} ${one.study_description || one.body_part || ''}</strong><br />${one.study_date ?? ''}　${one.accession_number ?? ''}</dd>
        ${prior ? html`<dt>${t('report.on_screen')}</dt><dd class="num other">${t('case.prior_badge', { date: studyText(prior) })}</dd>` : null}
        <dt>${t('report.impression')}</dt>
        <dd class="pre">${this.draft.value.impression || t('case.none')}</dd>
      </dl>
      <div class="buttons">
        <button class="button" @click=${() => (this.asking = null)}>${t('common.cancel')}</button>
        <button class="button primary" data-autofocus data-testid="report-sign-confirm" @click=${this.sign}>${t('report.sign_confirm')}</button>
      </div>
    </dk-dialog>`;
  }

  private releaseDialog(): TemplateResult {
    return html`<dk-dialog .open=${this.asking === 'release'} .heading=${t('case.release_title')} @dk-close=${() => (this.asking = null)}>
      <p>${t('case.release_text')}</p>
      <div class="buttons">
        <button class="button" @click=${() => (this.asking = null)}>${t('common.cancel')}</button>
        <button class="button primary" data-autofocus data-testid="case-release-confirm" @click=${this.release}>${t('case.release')}</button>
      </div>
    </dk-dialog>`;
  }

  private readonly onKey = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      const { state: at, findings, impression } = this.draft.value;
      if (this.asking === 'sign') void this.sign();
      else if (!this.room.value.stranger && at !== 'signed' && at !== 'conflict' && at !== 'signing' && (findings + impression).trim()) this.asking = 'sign';
    } else if (event.key === 'Escape' && !this.asking && event.composedPath()[0] instanceof HTMLTextAreaElement) {
      (event.composedPath()[0] as HTMLTextAreaElement).blur();
      this.dispatchEvent(new CustomEvent('dk-leave'));
    }
  };

  private readonly sign = async (): Promise<void> => {
    this.asking = null;
    if (!(await this.room.sign())) return;
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>('#next')?.focus();
  };

  private readonly release = async (): Promise<void> => {
    this.asking = null;
    if (await this.room.release()) navigate('/cases');
  };

  private stopAll(): void {
    for (const stop of this.stops) stop();
    this.stops = [];
  }
}
