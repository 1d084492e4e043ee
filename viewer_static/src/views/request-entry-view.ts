import { css, html, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { badgeStyles } from '../components/badges';
import { buttonStyles } from '../components/buttons';
import '../components/dk-banner';
import '../components/dk-dialog';
import '../components/dk-empty';
import { fieldStyles } from '../components/fields';
import { jstDateTime } from '../i18n/dates';
import { t, type Key } from '../i18n/texts';
import { poll } from '../state/poll';
import { RequestEntry, type RequestEntryState, type RequestFields } from '../state/request-entry';
import { navigate } from '../state/router';
import { Watch } from '../state/watch';
import { baseStyles } from '../tokens/base';
import { errorBanner } from './error-banner';
import { peersStyles } from './peers-styles';
import { arrivals } from './requests-view';
import { ViewElement } from './view-element';

const modalities = ['CT', 'MR', 'CR', 'DX', 'US', 'MG', 'NM', 'PT', 'RF', 'XA', 'ES', 'OT'];

/** The fields that the hub checks, each with its own sentence. */
const rules = {
  patient_id: 1, ideographic: 1, phonetic: 1, alphabetic: 1, birth_date: 1, modality: 1, body_part: 1, scheduled_date: 1,
  station_ae_title: 1, accession_number: 1, procedure_description: 1, requesting_doctor: 1,
} as const;

/** One 読影依頼: entered, changed while it is open, cancelled, and looked at when its images have come. */
@customElement('dk-request-entry')
export class RequestEntryView extends ViewElement {
  static override styles = [
    baseStyles,
    buttonStyles,
    badgeStyles,
    fieldStyles,
    peersStyles,
    css`
      :host {
        max-width: 860px;
      }
      form {
        display: grid;
        gap: var(--s-4);
      }
      fieldset {
        display: grid;
        grid-template-columns: repeat(6, minmax(0, 1fr));
        gap: var(--s-3) var(--s-4);
        margin: 0;
        padding: var(--s-4);
      }
      legend {
        padding: 0 var(--s-2);
        font-weight: var(--w-bold);
      }
      .field {
        align-content: start;
      }
      .input:disabled {
        background: var(--c-sunken);
        opacity: 1;
      }
      .w2 {
        grid-column: span 2;
      }
      .w3 {
        grid-column: span 3;
      }
      .w6 {
        grid-column: 1 / -1;
      }
      .input[aria-invalid='true'] {
        border-color: var(--c-danger-text);
      }
      .rule {
        color: var(--c-danger-text);
        font-size: var(--f-mini);
      }
      .actions {
        display: flex;
        flex-wrap: wrap;
        gap: var(--s-3);
        align-items: center;
      }
      .facts {
        display: flex;
        flex-wrap: wrap;
        gap: var(--s-1) var(--s-5);
        margin: 0 0 var(--s-4);
      }
      dk-banner {
        margin-bottom: var(--s-4);
      }
      .dialog-actions {
        display: flex;
        justify-content: flex-end;
        gap: var(--s-3);
        margin-top: var(--s-4);
      }
      @media (max-width: 640px) {
        .w2,
        .w3 {
          grid-column: 1 / -1;
        }
      }
    `,
  ];

  @property({ attribute: false }) requestId: string | null = null;
  @state() private asking = false;
  private entry!: RequestEntry;
  private watch!: Watch<RequestEntryState>;
  private stopPolling: (() => void) | undefined;

  override connectedCallback(): void {
    this.entry = new RequestEntry(this.requestId);
    this.watch = new Watch(this, this.entry);
    super.connectedCallback();
    if (this.requestId !== null) this.stopPolling = poll(() => this.entry.load(), 5000);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stopPolling?.();
  }

  override render() {
    const { phase, known, error, stale } = this.watch.value;
    if (phase === 'loading') return html`<p class="soft" aria-busy="true">${t('common.loading')}</p>`;
    if (phase === 'missing') return error ? errorBanner(error, () => void this.entry.load()) : html`<dk-empty icon="search" .heading=${t('requests.not_found')}></dk-empty>`;
    return html`
      <div class="bar">
        <h1>${t(this.requestId === null ? 'requests.new' : 'requests.one')}</h1>
        ${known ? html`<span class="badge ${known.state === 'done' ? 'read' : known.state === 'open' ? 'unread' : ''}">${t(`requests.state_${known.state}`)}</span>` : null}
        <a class="button small push" href="/requests">${t('common.back')}</a>
      </div>
      ${known ? this.facts() : null}
      ${known?.patient_differs
        ? html`<dk-banner kind="danger" .heading=${t('requests.differs_title')} .text=${t('requests.differs_text')}></dk-banner>`
        : null}
      ${stale ? html`<dk-banner kind="warn" .heading=${t('requests.stale_title')} .text=${t('requests.stale_text')}></dk-banner>` : null}
      ${error ? errorBanner(error) : null} ${this.form()} ${this.dialog()}
    `;
  }

  private facts(): TemplateResult | null {
    const { known } = this.watch.value;
    if (!known) return null;
    return html`<div class="facts small num" data-testid="request-facts">
      <span>${t('case.accession')} <b data-testid="request-accession">${known.accession_number}</b></span>
      <span>${t('requests.entered')} ${jstDateTime(known.entered_at)} ${known.entered_by.name}</span>
      ${known.instance_count > 0 ? html`<span data-testid="request-arrivals">${arrivals(known)}</span>` : null}
      ${known.case_id ? html`<a href="/cases/${encodeURIComponent(known.case_id)}">${t('requests.open_case')}</a>` : null}
      ${known.cancelled_reason ? html`<span>${t('requests.cancel_reason')}: ${known.cancelled_reason}</span>` : null}
    </div>`;
  }

  private form(): TemplateResult {
    const { phase, known } = this.watch.value;
    const fixed = known !== null && !known.changeable;
    return html`<form @submit=${this.submit} novalidate>
      <fieldset class="card" ?disabled=${fixed}>
        <legend>${t('case.patient')}</legend>
        ${this.text('patient_id', 'case.patient_id', 'w2', { required: true, blur: () => void this.entry.fillPatient() })}
        ${this.text('birth_date', 'case.birth_date', 'w2', { type: 'date' })}
        ${this.choice('sex', 'requests.sex', 'w2', [['', t('common.unknown')], ['M', t('sex.M')], ['F', t('sex.F')], ['O', t('sex.O')]])}
        ${this.text('ideographic', 'requests.ideographic', 'w2')} ${this.text('phonetic', 'requests.phonetic', 'w2')}
        ${this.text('alphabetic', 'requests.alphabetic', 'w2')}
      </fieldset>
      <fieldset class="card" ?disabled=${fixed}>
        <legend>${t('case.study')}</legend>
        ${this.choice('modality', 'cases.modality', 'w2', [['', t('requests.choose')], ...modalities.map((one): [string, string] => [one, one])], true)}
        ${this.text('procedure_description', 'requests.procedure', 'w2', { hint: t('requests.procedure_hint') })}
        ${this.text('body_part', 'requests.body_part', 'w2', { hint: 'CHEST' })} ${this.text('scheduled_date', 'requests.date', 'w2', { type: 'date' })}
        ${this.text('scheduled_time', 'requests.time', 'w2', { type: 'time' })} ${this.text('station_ae_title', 'requests.station', 'w2', { hint: t('requests.station_hint') })}
      </fieldset>
      <fieldset class="card" ?disabled=${fixed}>
        <legend>${t('case.request')}</legend>
        ${this.text('requesting_doctor', 'case.referrer', 'w2')}
        ${this.choice('priority', 'requests.priority', 'w2', [['routine', t('requests.priority_routine')], ['urgent', t('requests.priority_urgent')], ['stat', t('requests.priority_stat')]])}
        ${this.text('accession_number', 'case.accession', 'w2', { hint: t('requests.accession_hint') })} ${this.prose('reason', 'case.reason')}
        ${this.prose('clinical_history', 'case.history')}
      </fieldset>
      ${fixed
        ? null
        : html`<div class="actions">
            <button class="button primary" type="submit" data-testid="request-save" ?disabled=${phase === 'saving'}>${t(this.requestId === null ? 'requests.enter' : 'request.save')}</button>
            ${this.requestId !== null
              ? html`<button class="button" type="button" data-testid="request-cancel" ?disabled=${phase === 'saving'} @click=${() => (this.asking = true)}>${t('requests.cancel')}</button>`
              : null}
            <span class="small" role="status">${phase === 'saved' ? t('request.saved') : phase === 'saving' ? t('request.saving') : ''}</span>
          </div>`}
    </form>`;
  }

  private text(name: keyof RequestFields, label: Key, width: string, more: { type?: string; hint?: string; required?: boolean; blur?: () => void } = {}): TemplateResult {
    const { fields, wrong, known } = this.watch.value;
    // In a field that can't be filled in, an example would look like a value.
    const hint = known && !known.changeable ? '' : (more.hint ?? '');
    return html`<div class="field ${width}">
      <label for=${name}>${t(label)}${more.required ? t('requests.needed') : ''}</label>
      <input
        class="input"
        id=${name}
        data-testid="request-${name}"
        type=${more.type ?? 'text'}
        autocomplete="off"
        placeholder=${hint}
        aria-invalid=${wrong === name}
        .value=${fields[name]}
        @input=${(event: Event) => this.entry.type({ [name]: (event.target as HTMLInputElement).value })}
        @blur=${() => more.blur?.()}
      />
      ${this.rule(name)}
    </div>`;
  }

  private choice(name: 'sex' | 'modality' | 'priority', label: Key, width: string, options: [string, string][], required = false): TemplateResult {
    const { fields, wrong } = this.watch.value;
    const now = fields[name];
    const all = options.some(([value]) => value === now) ? options : [...options, [now, now] as [string, string]];
    return html`<div class="field ${width}">
      <label for=${name}>${t(label)}${required ? t('requests.needed') : ''}</label>
      <select class="input" id=${name} data-testid="request-${name}" aria-invalid=${wrong === name} @change=${(event: Event) => this.entry.type({ [name]: (event.target as HTMLSelectElement).value })}>
        ${all.map(([value, text]) => html`<option value=${value} ?selected=${value === now}>${text}</option>`)}
      </select>
      ${this.rule(name)}
    </div>`;
  }

  private prose(name: 'reason' | 'clinical_history', label: Key): TemplateResult {
    return html`<div class="field w6">
      <label for=${name}>${t(label)}</label>
      <textarea class="input" id=${name} rows="3" data-testid="request-${name}" .value=${this.watch.value.fields[name]} @input=${(event: Event) => this.entry.type({ [name]: (event.target as HTMLTextAreaElement).value })}></textarea>
    </div>`;
  }

  private rule(name: keyof RequestFields): TemplateResult | null {
    const { wrong, error } = this.watch.value;
    return wrong === name && error ? html`<span class="rule">${name in rules ? t(`requests.rule_${name as keyof typeof rules}`) : t('requests.wrong')}</span>` : null;
  }

  private dialog(): TemplateResult {
    return html`<dk-dialog .open=${this.asking} .heading=${t('requests.cancel_title')} @dk-close=${() => (this.asking = false)}>
      <div class="field">
        <label for="cancel-reason">${t('requests.cancel_reason')}</label>
        <input class="input" id="cancel-reason" data-autofocus data-testid="request-cancel-reason" maxlength="200" />
      </div>
      <div class="dialog-actions">
        <button class="button" @click=${() => (this.asking = false)}>${t('common.cancel')}</button>
        <button class="button primary" data-testid="request-cancel-confirm" @click=${this.cancelIt}>${t('requests.cancel_confirm')}</button>
      </div>
    </dk-dialog>`;
  }

  private readonly submit = (event: Event): void => {
    event.preventDefault();
    void this.entry.save().then((saved) => {
      if (saved && this.requestId === null) navigate('/requests');
      else this.renderRoot.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
    });
  };

  private readonly cancelIt = (): void => {
    const reason = this.renderRoot.querySelector<HTMLInputElement>('#cancel-reason')?.value ?? '';
    this.asking = false;
    void this.entry.cancel(reason);
  };
}
