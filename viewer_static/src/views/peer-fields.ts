import { css, html, type TemplateResult } from 'lit';
import type { Key } from '../i18n/texts';
import { t } from '../i18n/texts';
import type { PeerFields } from '../state/peer-fields';
import type { PeerForm } from '../state/peer-form';

type TextField = { [K in keyof PeerFields]: PeerFields[K] extends string ? K : never }[keyof PeerFields];
type SwitchField = 'enabled' | 'contracts' | 'tls' | 'askCommitment';

export const peerFieldStyles = css`
  .field,
  .switch {
    align-content: start;
  }
  .help,
  .problem-text {
    font-size: var(--f-mini);
    color: var(--c-text-soft);
  }
  .problem-text {
    color: var(--c-danger-text);
    font-weight: var(--w-medium);
  }
  .input[aria-invalid='true'] {
    border-color: var(--c-danger);
  }
  textarea.input {
    font-size: var(--f-small);
    line-height: 1.6;
    resize: vertical;
  }
  .switch {
    display: grid;
    grid-template-columns: auto minmax(0, 1fr);
    gap: 0 var(--s-3);
    align-items: baseline;
  }
  .switch input {
    width: 18px;
    height: 18px;
    margin: 0;
    translate: 0 3px;
    accent-color: var(--c-accent);
  }
  .switch .help {
    grid-column: 2;
  }
  .switch label {
    font-weight: var(--w-medium);
  }
`;

/** The controls of the form, each with its label, its help and what is wrong with it. */
export class PeerControls {
  constructor(private readonly form: PeerForm) {}

  line(field: TextField, options: { readonly?: boolean; numeric?: boolean; max?: number } = {}): TemplateResult {
    return this.field(
      field,
      html`<input
        class="input num"
        id=${field}
        data-testid="peer-${field}"
        .value=${this.form.value.fields[field]}
        ?readonly=${options.readonly ?? false}
        inputmode=${options.numeric ? 'decimal' : 'text'}
        maxlength=${options.max ?? 300}
        autocomplete="off"
        spellcheck="false"
        aria-invalid=${this.wrong(field)}
        aria-describedby="${field}-help"
        @input=${(event: InputEvent) => this.form.type({ [field]: (event.target as HTMLInputElement).value })}
      />`,
    );
  }

  lines(field: TextField, rows: number): TemplateResult {
    return this.field(
      field,
      html`<textarea
        class="input"
        id=${field}
        data-testid="peer-${field}"
        rows=${rows}
        spellcheck="false"
        .value=${this.form.value.fields[field]}
        aria-invalid=${this.wrong(field)}
        aria-describedby="${field}-help"
        @input=${(event: InputEvent) => this.form.type({ [field]: (event.target as HTMLTextAreaElement).value })}
      ></textarea>`,
    );
  }

  choice(field: TextField, options: [value: string, label: string][]): TemplateResult {
    const value = this.form.value.fields[field];
    return this.field(
      field,
      html`<select
        class="input"
        id=${field}
        data-testid="peer-${field}"
        aria-invalid=${this.wrong(field)}
        aria-describedby="${field}-help"
        @change=${(event: Event) => this.form.type({ [field]: (event.target as HTMLSelectElement).value })}
      >
        ${options.map(([one, label]) => html`<option value=${one} .selected=${one === value}>${label}</option>`)}
      </select>`,
    );
  }

  switch(field: SwitchField, more: TemplateResult | null = null): TemplateResult {
    return html`<div class="switch">
      <input
        type="checkbox"
        id=${field}
        data-testid="peer-${field}"
        .checked=${this.form.value.fields[field]}
        aria-describedby="${field}-help"
        @change=${(event: Event) => this.form.type({ [field]: (event.target as HTMLInputElement).checked })}
      />
      <label for=${field}>${t(`peer.f_${field}`)}</label>
      <div class="help" id="${field}-help">${t(`peer.h_${field}`)}${more}</div>
    </div>`;
  }

  private field(field: TextField, control: TemplateResult): TemplateResult {
    const label: Key = `peer.f_${field}`;
    const help: Key = `peer.h_${field}`;
    return html`<div class="field">
      <label for=${field}>${t(label)}</label>
      ${control}
      <div class="help" id="${field}-help">${t(help)}</div>
      ${this.wrong(field) && this.form.value.error === null
        ? html`<div class="problem-text" role="alert">${t(field === 'aeTitle' || field === 'site' ? 'peer.needed' : 'peer.wrong_number')}</div>`
        : null}
    </div>`;
  }

  private wrong(field: keyof PeerFields): boolean {
    return this.form.value.wrong.includes(field);
  }
}
