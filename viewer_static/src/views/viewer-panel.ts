import { html, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { Prior } from '../api/types';
import { buttonStyles } from '../components/buttons';
import '../components/dk-banner';
import '../components/dk-dialog';
import '../components/dk-empty';
import '../components/dk-icon';
import type { IconName } from '../components/dk-icon';
import { t } from '../i18n/texts';
import type { Stranger, Subject } from '../state/image-guard';
import type { PrimaryTool, Viewer, WindowPreset } from '../state/viewer';
import { baseStyles } from '../tokens/base';
import { errorBanner } from './error-banner';
import { isTyping } from './keyboard';
import { keyHelp } from './viewer-help';
import { overlay } from './viewer-overlay';
import './series-strip';
import { viewerStyles } from './viewer-styles';
import { ViewElement } from './view-element';

const toolButtons: { tool: PrimaryTool; icon: IconName; key: string }[] = [
  { tool: 'window', icon: 'window', key: 'w' },
  { tool: 'pan', icon: 'pan', key: 'p' },
  { tool: 'zoom', icon: 'zoom', key: 'z' },
  { tool: 'scroll', icon: 'scroll', key: 's' },
];

/** Series strip, tools and the picture. Fires `dk-current` (leave the prior), `dk-loads` (the study of the case, all of it) and `dk-to-report`. */
@customElement('dk-viewer')
export class ViewerPanel extends ViewElement {
  static override styles = [baseStyles, buttonStyles, viewerStyles];

  @property({ attribute: false }) viewer!: Viewer;
  @property() studyUid = '';
  /** Whose images these must be. */
  @property() patientId = '';
  @property() siteCode = '';
  /** Grows while a study is still arriving. */
  @property({ type: Number }) instances = 0;
  @property({ attribute: false }) prior: Prior | null = null;
  @state() private helping = false;
  @state() private grown = false;
  @query('.canvas') private readonly canvas!: HTMLDivElement;
  private stop: (() => void) | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    // Captured: once clicked, Cornerstone marks every key on the picture as handled.
    addEventListener('keydown', this.onKey, true);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stop?.();
    removeEventListener('keydown', this.onKey, true);
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has('viewer')) return;
    this.stop?.();
    this.stop = this.viewer.subscribe(() => this.requestUpdate());
  }

  override updated(changed: PropertyValues<this>): void {
    if (changed.has('viewer')) this.viewer.attach(this.canvas);
    if (changed.has('studyUid')) this.load();
    else if ((changed.get('instances') ?? 0) > 0 && this.instances > (changed.get('instances') ?? 0)) this.grown = true;
    this.renderRoot.querySelector<HTMLInputElement>('.slider input')?.style.setProperty('--share', String(this.viewer.value.status?.total ?? 1));
  }

  /** Let the keys act on the picture. */
  begin(): void {
    this.canvas.focus({ preventScroll: true });
  }

  override render() {
    const { series, current, status, phase, error, stranger } = this.viewer.value;
    const images = this.viewer.currentSeries?.images ?? null;
    const painted = phase === 'shown';
    return html`
      ${this.toolbar()}
      <dk-series-strip .series=${series} .current=${current} @dk-series=${(event: CustomEvent<string>) => void this.viewer.openSeries(event.detail)}></dk-series-strip>
      <div class="stage ${this.prior ? 'is-prior' : ''}">
        <div
          class="canvas"
          role="img"
          tabindex="0"
          aria-label=${`${t('viewer.label')} ${images?.description ?? ''}`}
          data-testid=${painted ? 'viewer-canvas-ready' : 'viewer-canvas'}
          data-phase=${phase}
          style=${phase === 'empty' || phase === 'failed' || phase === 'refused' ? 'visibility: hidden' : ''}
        ></div>
        ${this.prior ? this.priorLabel(this.prior) : null} ${painted && images && status ? overlay(images, status) : null} ${this.notice(phase)}
        ${phase === 'refused' && stranger ? html`<div class="middle">${this.refusal(stranger)}</div>` : null}
        ${phase === 'failed' ? html`<div class="middle">${this.failure(error)}</div>` : null}
        ${this.grown ? html`<button class="button small grown" data-testid="viewer-grown" @click=${this.reload}>${t('viewer.grown')}</button>` : null}
        ${painted && status && status.total > 1 ? this.slider(status.index, status.total) : null}
      </div>
      ${this.foot()} ${keyHelp(this.helping, this.viewer.presets, () => (this.helping = false))}
    `;
  }

  private toolbar(): TemplateResult {
    const { tool, playing, status, phase } = this.viewer.value;
    const off = phase !== 'shown';
    const button = (icon: IconName, label: string, key: string, act: () => void, extra: { pressed?: boolean; off?: boolean } = {}): TemplateResult =>
      html`<button class="button quiet small" title="${label}（${key}）" aria-label=${label} aria-pressed=${extra.pressed ?? 'undefined'} ?disabled=${off || extra.off} @click=${act}>
        <dk-icon .name=${icon}></dk-icon><span class="words">${label}</span>
      </button>`;
    return html`<div class="toolbar" role="toolbar" aria-label=${t('viewer.tools')}>
      ${toolButtons.map(({ tool: one, icon, key }) =>
        button(icon, t(`viewer.${one}`), key.toUpperCase(), () => this.viewer.choose(one), { pressed: one === tool }),
      )}
      <span class="gap"></span>
      ${button('invert', t('viewer.invert'), 'I', () => this.viewer.invert(), { pressed: status?.invert ?? false })}
      ${button('reset', t('viewer.reset'), 'R', () => this.viewer.reset())}
      ${status && status.total > 1
        ? button(playing ? 'pause' : 'play', t(playing ? 'viewer.pause' : 'viewer.play'), 'Space', () => this.viewer.togglePlay(), { pressed: playing })
        : null}
      ${this.presets(off)}
      <button class="button quiet small icon help" title="${t('viewer.help')}（?）" aria-label=${t('viewer.help')} @click=${() => (this.helping = true)}>
        <dk-icon name="keys"></dk-icon>
      </button>
    </div>`;
  }

  private presets(off: boolean): TemplateResult | null {
    const { presets } = this.viewer;
    if (presets.length === 0) return null;
    const window = this.viewer.value.status?.window;
    const isOn = (one: WindowPreset): boolean =>
      !!window && Math.abs(window.width - one.width) < 1 && Math.abs(window.centre - one.centre) < 1;
    return html`<span class="gap"></span>
      <div class="presets" role="group" aria-label=${t('viewer.presets')}>
        ${presets.map(
          (one) => html`<button class="button quiet small" aria-pressed=${isOn(one)} ?disabled=${off} title="W ${one.width} / L ${one.centre} HU" @click=${() => this.viewer.preset(one.key)}>
            <kbd>${one.key}</kbd>${t(`preset.${one.name}`)}
          </button>`,
        )}
      </div>
      <select aria-label=${t('viewer.presets')} ?disabled=${off} @change=${this.onPreset}>
        <option value="0" ?selected=${!presets.some(isOn)}>${t('viewer.window')}…</option>
        ${presets.map((one) => html`<option value=${one.key} ?selected=${isOn(one)}>${t(`preset.${one.name}`)} (${one.width}/${one.centre})</option>`)}
      </select>`;
  }

  private readonly onPreset = (event: Event): void => {
    const key = (event.target as HTMLSelectElement).value;
    if (!this.viewer.preset(key)) this.viewer.defaultWindow();
    this.begin();
  };

  private priorLabel(prior: Prior): TemplateResult {
    return html`<div class="prior" data-testid="prior-label">
      <strong>${t('case.prior_badge', { date: prior.study_date ?? '' })}</strong>
      <button class="button small" @click=${() => this.dispatchEvent(new CustomEvent('dk-current'))}>${t('case.prior_return')}</button>
    </div>`;
  }

  private notice(phase: string): TemplateResult | null {
    if (phase === 'opening') return html`<div class="middle quiet" role="status">${t('viewer.opening')}</div>`;
    if (phase !== 'empty') return null;
    const one = this.viewer.currentSeries;
    const heading = one ? t('viewer.no_pixels', { modality: one.modality || '—' }) : t('viewer.no_series');
    return html`<div class="middle"><dk-empty icon="images" .heading=${heading} .text=${one?.description ?? ''}></dk-empty></div>`;
  }

  private failure(error: Viewer['value']['error']): TemplateResult {
    const retry = (): void => void this.viewer.retry();
    return error
      ? errorBanner(error, retry)
      : html`<dk-banner kind="danger" data-testid="error-message" .heading=${t('viewer.failed')} .text=${t('viewer.failed_next')}><div><button class="button small" @click=${retry}>${t('common.retry')}</button></div></dk-banner>`;
  }

  private refusal({ what, expected, found }: Stranger): TemplateResult {
    return html`<dk-banner kind="danger" data-testid="viewer-refused" data-what=${what} .heading=${t('viewer.refused_title')} .text=${t('viewer.refused_text')}>
      <dl class="refused num">
        <dt>${t(`viewer.refused_${what}`)}</dt>
        <dd>${t('viewer.refused_case')} <strong>${expected || '—'}</strong></dd>
        <dd>${t('viewer.refused_images')} <strong>${found}</strong></dd>
      </dl>
    </dk-banner>`;
  }

  private slider(index: number, total: number): TemplateResult {
    return html`<div class="slider">
      <input
        type="range"
        min="1"
        max=${total}
        .value=${String(index + 1)}
        aria-label=${t('viewer.slice')}
        aria-valuetext=${t('viewer.slice_of', { n: index + 1, total })}
        @input=${(event: Event) => this.viewer.scrollTo(Number((event.target as HTMLInputElement).value) - 1)}
        @keydown=${(event: KeyboardEvent) => event.preventDefault()}
      />
    </div>`;
  }

  private foot(): TemplateResult {
    const { status, phase } = this.viewer.value;
    const total = phase === 'failed' ? 0 : (status?.total ?? 0);
    const loading = total > 0 && status !== null && status.loaded + status.failed < total;
    return html`<footer>
      <span class="progress num" role="status" data-testid="viewer-progress" data-loaded=${status?.loaded ?? 0}>
        ${loading ? html`<progress max=${total} value=${status.loaded} aria-label=${t('viewer.loading', { done: status.loaded, total })}></progress>` : null}
        ${total === 0 ? '' : loading ? t('viewer.loading', { done: status?.loaded ?? 0, total }) : t('viewer.loaded', { total: status?.loaded ?? 0 })}
        ${status?.failed ? html`<span class="failed">${t('viewer.failed_some', { n: status.failed })}</span>` : null}
      </span>
      <span>${t('viewer.reference')}</span>
    </footer>`;
  }

  private get subject(): Subject {
    return { patientId: this.patientId, siteCode: this.siteCode };
  }

  private readonly reload = (): void => {
    this.grown = false;
    this.load({ again: true });
  };

  private load(how = { again: false }): void {
    if (!this.prior) this.dispatchEvent(new CustomEvent('dk-loads'));
    void this.viewer.openStudy(this.studyUid, this.subject, how);
  }

  private readonly onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    // Space and Enter press the focused button, as everywhere.
    if ((event.key === ' ' || event.key === 'Enter') && event.composedPath()[0] instanceof HTMLButtonElement) return;
    if (event.composedPath().some((node) => node instanceof HTMLElement && node.getAttribute('role') === 'separator')) return;
    const tool = toolButtons.find((one) => one.key === event.key);
    const acts: Record<string, () => void> = {
      ArrowDown: () => this.viewer.scrollBy(1),
      ArrowUp: () => this.viewer.scrollBy(-1),
      PageDown: () => this.viewer.scrollBy(10),
      PageUp: () => this.viewer.scrollBy(-10),
      Home: () => this.viewer.scrollTo(0),
      End: () => this.viewer.scrollTo(Number.MAX_SAFE_INTEGER),
      ArrowLeft: () => this.viewer.stepSeries(-1),
      ArrowRight: () => this.viewer.stepSeries(1),
      '+': () => this.viewer.zoomBy(1.2),
      ';': () => this.viewer.zoomBy(1.2), // the + key of a Japanese keyboard without Shift
      '-': () => this.viewer.zoomBy(1 / 1.2),
      '0': () => this.viewer.defaultWindow(),
      i: () => this.viewer.invert(),
      r: () => this.viewer.reset(),
      ' ': () => this.viewer.togglePlay(),
      e: () => this.dispatchEvent(new CustomEvent('dk-to-report')),
      '?': () => (this.helping = true),
    };
    const act = tool ? () => this.viewer.choose(tool.tool) : acts[event.key];
    const shown = this.viewer.value.phase === 'shown' || ['e', '?', 'ArrowLeft', 'ArrowRight'].includes(event.key);
    if (act && shown) {
      event.preventDefault();
      act();
    } else if (shown && this.viewer.preset(event.key)) event.preventDefault();
  };
}
