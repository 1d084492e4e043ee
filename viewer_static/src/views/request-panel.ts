import { css, html, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { CaseDetail } from '../api/types';
import { buttonStyles } from '../components/buttons';
import '../components/dk-banner';
import { fieldStyles } from '../components/fields';
import { t } from '../i18n/texts';
import type { RequestForm } from '../state/request-form';
import { baseStyles } from '../tokens/base';
import { errorBanner } from './error-banner';
import { panelStyles } from './panel-styles';
import { ViewElement } from './view-element';

/** 検査目的 and 臨床情報: to read, and for the clinic's doctor to write. */
@customElement('dk-request')
export class RequestPanel extends ViewElement {
  static override styles = [
    baseStyles,
    buttonStyles,
    fieldStyles,
    panelStyles,
    css`
      dl {
        display: grid;
        gap: var(--s-1);
        padding: var(--s-2) var(--s-3);
        border-radius: var(--r-2);
        background: var(--c-page);
      }
      dl > div {
        display: grid;
        grid-template-columns: 6.2em minmax(0, 1fr);
        align-items: baseline;
      }
      dt {
        font-size: var(--f-mini);
        color: var(--c-text-soft);
      }
      form {
        display: grid;
        gap: var(--s-3);
      }
      .row {
        display: flex;
        align-items: center;
        gap: var(--s-3);
      }
      textarea {
        field-sizing: content;
        min-height: 4.6em;
        max-height: 16em;
      }
    `,
  ];

  @property({ attribute: false }) detail!: CaseDetail;
  @property({ attribute: false }) form: RequestForm | null = null;
  private stop: (() => void) | undefined;

  override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has('form')) return;
    this.stop?.();
    this.stop = this.form?.subscribe(() => this.requestUpdate());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stop?.();
  }

  override render() {
    return this.form ? this.editor(this.form) : this.reading();
  }

  private reading(): TemplateResult {
    const { reason, clinical_history, referring_physician } = this.detail;
    const words = (text: string): TemplateResult => (text ? html`<dd class="pre">${text}</dd>` : html`<dd class="soft">${t('case.none')}</dd>`);
    return html`<section aria-label=${t('case.request')}>
      <dl>
        <div><dt>${t('case.reason')}</dt>${words(reason)}</div>
        <div><dt>${t('case.history')}</dt>${words(clinical_history)}</div>
        ${referring_physician ? html`<div><dt>${t('case.referrer')}</dt><dd>${referring_physician}</dd></div>` : null}
      </dl>
    </section>`;
  }

  private editor(form: RequestForm): TemplateResult {
    const { reason, clinicalHistory, phase, error, current } = form.value;
    return html`<form
      aria-label=${t('case.request')}
      @submit=${(event: Event) => {
        event.preventDefault();
        void form.save();
      }}
    >
      <div class="field">
        <label for="reason">${t('case.reason')}</label>
        <textarea class="input" id="reason" data-testid="request-reason" maxlength="2000" .value=${reason} aria-describedby="hint" @input=${(event: Event) => form.type({ reason: (event.target as HTMLTextAreaElement).value })}></textarea>
      </div>
      <div class="field">
        <label for="history">${t('case.history')}</label>
        <textarea class="input" id="history" data-testid="request-history" maxlength="4000" .value=${clinicalHistory} @input=${(event: Event) => form.type({ clinicalHistory: (event.target as HTMLTextAreaElement).value })}></textarea>
      </div>
      ${current
        ? html`<dk-banner kind="warn" data-testid="error-message" .heading=${t('request.stale_title')} .text=${t('request.stale_text')}>
            <dl>
              <div><dt>${t('case.reason')}</dt><dd class="pre">${current.reason || t('case.none')}</dd></div>
              <div><dt>${t('case.history')}</dt><dd class="pre">${current.clinical_history || t('case.none')}</dd></div>
            </dl>
          </dk-banner>`
        : null}
      ${error ? errorBanner(error) : null}
      <div class="row">
        <button class="button primary" data-testid="request-save" ?disabled=${phase !== 'dirty'}>${t('request.save')}</button>
        <span class="soft" role="status" data-testid="request-save-state">${phase === 'saving' ? t('request.saving') : phase === 'saved' ? t('request.saved') : ''}</span>
        <span class="soft none" id="hint">${phase === 'clean' && !reason ? t('request.hint') : ''}</span>
      </div>
    </form>`;
  }
}
