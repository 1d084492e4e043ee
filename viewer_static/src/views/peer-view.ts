import { css, html, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { EchoResult, PeerService } from '../api/peers';
import { badgeStyles } from '../components/badges';
import { buttonStyles } from '../components/buttons';
import '../components/dk-banner';
import '../components/dk-dialog';
import '../components/dk-empty';
import '../components/dk-icon';
import { fieldStyles } from '../components/fields';
import { jstDateTime } from '../i18n/dates';
import { locale, pick, t } from '../i18n/texts';
import { PeerForm, services } from '../state/peer-form';
import { refusedSince } from '../state/peer-list';
import { navigate } from '../state/router';
import { Watch } from '../state/watch';
import { baseStyles } from '../tokens/base';
import { errorBanner } from './error-banner';
import { PeerControls, peerFieldStyles } from './peer-fields';
import { peerHistory } from './peer-history';
import { peersStyles } from './peers-styles';
import { ViewElement } from './view-element';

/** One DICOM peer: its settings, a test of the connection, its history; or a new one. */
@customElement('dk-peer')
export class PeerView extends ViewElement {
  static override styles = [
    baseStyles,
    buttonStyles,
    badgeStyles,
    fieldStyles,
    peersStyles,
    peerFieldStyles,
    css`
      :host {
        max-width: 860px;
      }
      .bar {
        margin-bottom: var(--s-3);
      }
      .back {
        display: inline-flex;
        align-items: center;
        gap: 2px;
        margin-bottom: var(--s-2);
        font-size: var(--f-small);
      }
      .state {
        margin-bottom: var(--s-4);
      }
      dk-banner {
        margin-bottom: var(--s-4);
      }
      form {
        display: grid;
        gap: var(--s-4);
      }
      section.card {
        display: grid;
        gap: var(--s-4);
        padding: var(--s-4) var(--s-5);
      }
      .pair {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(290px, 1fr));
        gap: var(--s-4);
      }
      .services {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(280px, 1fr));
        gap: var(--s-3) var(--s-5);
        margin: 0;
        padding: 0;
        border: 0;
      }
      .services legend {
        padding: 0 0 var(--s-2);
      }
      .save {
        position: sticky;
        bottom: 0;
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--s-3);
        padding: var(--s-3) 0;
        border-top: 1px solid var(--c-line);
        background: var(--c-page);
      }
      .past {
        margin-top: var(--s-5);
      }
      .past h2 {
        margin-bottom: var(--s-2);
      }
      .history > li {
        padding: var(--s-2) 0;
        border-top: 1px solid var(--c-line);
        overflow-wrap: anywhere;
      }
      .buttons {
        display: flex;
        justify-content: flex-end;
        gap: var(--s-2);
        margin-top: var(--s-4);
      }
      .button.danger {
        border-color: transparent;
        background: var(--c-danger);
        color: var(--c-on-danger);
      }
      .button.danger:hover:not(:disabled) {
        background: color-mix(in srgb, var(--c-danger) 85%, var(--c-text));
      }
      @media (max-width: 640px) {
        section.card {
          padding: var(--s-3);
        }
      }
    `,
  ];

  /** null for a new one. */
  @property({ attribute: false }) aeTitle: string | null = null;
  @state() private asking = false;
  /** Where a click would have led away from unsaved changes. */
  @state() private leavingTo: string | null = null;
  private form!: PeerForm;
  private controls!: PeerControls;

  override connectedCallback(): void {
    this.form = new PeerForm(this.aeTitle, this.aeTitle === null ? (new URLSearchParams(location.search).get('ae') ?? '') : '');
    this.controls = new PeerControls(this.form);
    new Watch(this, this.form);
    super.connectedCallback();
    addEventListener('beforeunload', this.leaving);
    addEventListener('click', this.clicked, true);
    void this.form.load();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener('beforeunload', this.leaving);
    removeEventListener('click', this.clicked, true);
  }

  override render() {
    const { phase, error, history } = this.form.value;
    return html`
      <a class="back" href="/peers"><dk-icon name="back"></dk-icon>${t('peer.back')}</a>
      ${phase === 'loading' ? (error ? errorBanner(error, () => void this.form.load()) : html`<p role="status" class="soft">${t('common.loading')}</p>`) : null}
      ${phase === 'missing' ? html`<dk-empty .heading=${t('peer.missing')} .text=${t('peer.missing_hint')}></dk-empty>` : null}
      ${phase === 'loading' || phase === 'missing' ? null : this.page()}
      ${history && !this.form.isNew ? html`<div class="past"><h2>${t('peer.history')}</h2>${peerHistory(history)}</div>` : null}
    `;
  }

  private page(): TemplateResult {
    const { peer, echo, error, phase, dirty } = this.form.value;
    return html`
      <div class="bar">
        <h1>${peer ? peer.ae_title : t('peer.new')}</h1>
        ${peer ? html`<span class="badge plain ${peer.settings.enabled ? 'final' : 'danger'}">${t(peer.settings.enabled ? 'peers.enabled' : 'peers.disabled')}</span>` : null}
        ${peer
          ? html`<button class="button push" data-testid="peer-test" title=${dirty ? t('peer.test_unsaved') : ''} ?disabled=${dirty || echo === 'running'} @click=${() => void this.form.tryOut()}>
                ${t(echo === 'running' ? 'peer.testing' : 'peer.test')}
              </button>
              <button class="button quiet" data-testid="peer-remove" @click=${() => (this.asking = true)}>${t('peer.remove')}</button>`
          : null}
      </div>
      ${peer ? this.state_() : null} ${echo && echo !== 'running' ? this.echo(echo) : null}
      <form novalidate @submit=${this.save}>
        ${this.basic()} ${this.origin()} ${this.incoming()} ${this.outgoing()} ${this.limits()}
        <div class="save">
          ${error ? this.problem() : null}
          <button class="button primary" data-testid="peer-save" ?disabled=${phase === 'saving' || (!dirty && peer !== null)}>
            ${t(phase === 'saving' ? 'peer.saving' : 'peer.save')}
          </button>
          <span role="status" class="soft" data-testid="peer-save-state">${phase === 'saved' ? t('peer.saved') : dirty ? t('peer.unsaved') : ''}</span>
        </div>
      </form>
      ${peer ? this.question(peer.ae_title) : null} ${this.leaveQuestion()}
    `;
  }

  private state_(): TemplateResult {
    const { peer } = this.form.value;
    return html`<p class="small state num">
      ${t('peers.col_seen')}: ${peer?.last_seen ? `${jstDateTime(peer.last_seen.at)} ${peer.last_seen.host}` : t('peers.never')}
      ${peer?.refused
        ? html`　<span class="badge plain ${refusedSince(peer) ? 'danger' : ''}">${t('peers.refused', { n: peer.refused.count })}</span> ${t(`why.${peer.refused.why}`)} ${peer.refused.host} ${jstDateTime(peer.refused.last_at)}`
        : null}
    </p>`;
  }

  private echo(result: EchoResult): TemplateResult {
    const reply = result.reply_ms === null ? '' : t('peer.reply', { ms: result.reply_ms });
    return html`<dk-banner kind=${result.well ? 'done' : 'warn'} data-testid="peer-echo" data-kind=${result.kind} .heading=${pick(result.told)} .text=${result.well ? reply : pick(result.next_step)}>
      ${result.detail ? html`<div class="small num">${result.detail}</div>` : null}
    </dk-banner>`;
  }

  private problem(): TemplateResult | null {
    const { error } = this.form.value;
    if (!error) return null;
    const reason = error.details['reason'];
    return html`<dk-banner kind="danger" data-testid="error-message" data-code=${error.code} .heading=${pick(error.texts)} .text=${pick(error.nextStep)} style="flex: 1 0 100%; margin: 0">
      ${Array.isArray(reason) ? html`<div>${String(error.details['value'] ?? '')} — ${String(reason[locale() === 'ja' ? 0 : 1])}</div>` : this.value(error.details)}
      ${error.code === 'stale_peer' ? html`<div><button type="button" class="button small" @click=${() => void this.form.load()}>${t('peer.reload')}</button></div>` : null}
    </dk-banner>`;
  }

  private value(details: Record<string, unknown>): TemplateResult | null {
    const range = 'lowest' in details ? `${String(details['lowest'])} – ${String(details['highest'])}` : '';
    const value = typeof details['value'] === 'string' || typeof details['value'] === 'number' ? String(details['value']) : '';
    return value || range ? html`<div class="num">${value} ${range ? `(${range})` : ''}</div>` : null;
  }

  private basic(): TemplateResult {
    const { sites, fields, peer } = this.form.value;
    const options: [string, string][] = [...(fields.site ? [] : [['', t('peer.choose')] as [string, string]]), ...sites.map((one): [string, string] => [one.code, `${one.name} (${one.code})`])];
    const clinics = peer?.reads_for.map((one) => one.name).join('、') ?? '';
    return html`<section class="card">
      <h2>${t('peer.basic')}</h2>
      <div class="pair">
        ${this.controls.line('aeTitle', { readonly: !this.form.isNew, max: 16 })} ${this.controls.choice('site', options)}
      </div>
      ${this.controls.switch('enabled')}
      <fieldset class="services" aria-describedby="services-help">
        <legend><span class="label">${t('peer.f_services')}</span><div class="help" id="services-help">${t('peer.h_services')}</div></legend>
        ${services.map((service) => this.service(service))}
      </fieldset>
      ${this.controls.switch('contracts', clinics ? html`<br />${t('peer.reads_for', { names: clinics })}` : null)}
    </section>`;
  }

  private service(service: PeerService): TemplateResult {
    const chosen = this.form.value.fields.services;
    const toggle = (event: Event): void => {
      const on = (event.target as HTMLInputElement).checked;
      this.form.type({ services: services.filter((one) => (one === service ? on : chosen.includes(one))) });
    };
    return html`<div class="switch">
      <input type="checkbox" id="service-${service}" data-testid="peer-service-${service}" .checked=${chosen.includes(service)} aria-describedby="service-${service}-help" @change=${toggle} />
      <label for="service-${service}">${t(`service.${service}`)}</label>
      <div class="help" id="service-${service}-help">${t(`service.${service}_help`)}</div>
    </div>`;
  }

  private origin(): TemplateResult {
    return html`<section class="card">
      <h2>${t('peer.origin')}</h2>
      <div class="pair">${this.controls.lines('networks', 3)} ${this.controls.lines('certificate', 3)}</div>
    </section>`;
  }

  private incoming(): TemplateResult {
    return html`<section class="card">
      <h2>${t('peer.incoming')}</h2>
      <div class="pair">
        ${this.controls.choice('onDifferentContent', [['reject', t('peer.reject')], ['new-version', t('peer.new_version')]])} ${this.controls.line('characterSet')}
      </div>
      <div class="pair">${this.controls.lines('coercions', 3)} ${this.controls.lines('issuers', 3)}</div>
    </section>`;
  }

  private outgoing(): TemplateResult {
    return html`<section class="card">
      <h2>${t('peer.outgoing')}</h2>
      <div class="pair">${this.controls.line('address')} ${this.controls.lines('accepts', 2)}</div>
      ${this.controls.switch('tls')} ${this.controls.switch('askCommitment')}
      ${this.controls.line('answersIn')}
    </section>`;
  }

  private limits(): TemplateResult {
    const numeric = { numeric: true, max: 20 };
    return html`<section class="card">
      <div>
        <h2>${t('peer.limits')}</h2>
        <div class="help">${t('peer.limits_hint')}</div>
      </div>
      <div class="pair">
        ${this.controls.line('maxAssociations', numeric)} ${this.controls.line('maxRate', numeric)} ${this.controls.line('maxInstance', numeric)} ${this.controls.line('quietPeriod', numeric)}
      </div>
    </section>`;
  }

  private question(aeTitle: string): TemplateResult {
    return html`<dk-dialog .open=${this.asking} .heading=${t('peer.remove_title', { ae: aeTitle })} @dk-close=${() => (this.asking = false)}>
      <p>${t('peer.remove_text')}</p>
      <div class="buttons">
        <button class="button" data-autofocus @click=${() => (this.asking = false)}>${t('common.cancel')}</button>
        <button class="button danger" data-testid="peer-remove-confirm" @click=${() => void this.remove_()}>${t('peer.remove_confirm')}</button>
      </div>
    </dk-dialog>`;
  }

  private leaveQuestion(): TemplateResult {
    return html`<dk-dialog .open=${this.leavingTo !== null} .heading=${t('peer.leave_title')} @dk-close=${() => (this.leavingTo = null)}>
      <p>${t('peer.leave_text')}</p>
      <div class="buttons">
        <button class="button" data-testid="peer-leave" @click=${() => navigate(this.leavingTo ?? '/peers')}>${t('peer.leave_go')}</button>
        <button class="button primary" data-autofocus data-testid="peer-stay" @click=${() => (this.leavingTo = null)}>${t('peer.leave_stay')}</button>
      </div>
    </dk-dialog>`;
  }

  private readonly save = async (event: Event): Promise<void> => {
    event.preventDefault();
    const isNew = this.form.isNew;
    const saved = await this.form.save();
    if (saved && isNew) navigate(`/peers/${encodeURIComponent(saved.ae_title)}`, { replace: true });
    if (!saved) {
      await this.updateComplete;
      this.renderRoot.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
    }
  };

  private async remove_(): Promise<void> {
    const gone = await this.form.remove();
    this.asking = false;
    if (gone) navigate('/peers');
  }

  /** A click that leads elsewhere asks first; the router takes only what nobody has prevented. */
  private readonly clicked = (event: MouseEvent): void => {
    if (!this.form.value.dirty || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const link = event.composedPath().find((node): node is HTMLAnchorElement => node instanceof HTMLAnchorElement);
    if (!link || link.target || link.origin !== location.origin) return;
    event.preventDefault();
    this.leavingTo = link.pathname + link.search;
  };

  private readonly leaving = (event: BeforeUnloadEvent): void => {
    if (this.form.value.dirty) event.preventDefault();
  };
}
