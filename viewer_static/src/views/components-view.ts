import { css, html, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { badgeStyles } from '../components/badges';
import { buttonStyles } from '../components/buttons';
import '../components/dk-banner';
import '../components/dk-dialog';
import '../components/dk-empty';
import '../components/dk-icon';
import { fieldStyles } from '../components/fields';
import { skeletonStyles } from '../components/skeleton';
import { tabStyles } from '../components/tabs';
import { t } from '../i18n/texts';
import { baseStyles } from '../tokens/base';
import { darkTokens } from '../tokens/dark';
import { lightTokens } from '../tokens/light';
import { brandMark } from './brand-mark';
import { languageSwitch } from './language-switch';
import { ViewElement } from './view-element';

const colours = [
  'page', 'surface', 'raised', 'sunken', 'line', 'line-strong', 'text', 'text-soft', 'accent', 'accent-soft', 'focus',
  'unread-bg', 'unread-text', 'reading-bg', 'reading-text', 'read-bg', 'read-text', 'quiet-bg', 'quiet-text',
  'danger-bg', 'danger-text', 'warn-bg', 'warn-text',
];
const sizes = ['display', 'title', 'large', 'body', 'small', 'mini'];
const spaces = [1, 2, 3, 4, 5, 6, 7];
const states = ['receiving', 'unread', 'reading', 'read'] as const;
const deliveries = ['delivered', 'acknowledged', 'acted_on'] as const;

/** The visual language on one page: every token and every component in every state, in both themes. */
@customElement('dk-components')
export class ComponentsView extends ViewElement {
  static override styles = [
    baseStyles,
    buttonStyles,
    fieldStyles,
    badgeStyles,
    tabStyles,
    skeletonStyles,
    css`
      :host {
        display: block;
      }
      .top {
        display: flex;
        align-items: center;
        gap: var(--s-3);
        padding: var(--s-3) var(--s-5);
      }
      h1 {
        font-size: var(--f-title);
        flex: 1;
      }
      .both {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 520px), 1fr));
      }
      .light {
        ${lightTokens}
      }
      .dark {
        ${darkTokens}
      }
      .sheet {
        display: grid;
        gap: var(--s-5);
        align-content: start;
        padding: var(--s-5);
        background: var(--c-page);
        color: var(--c-text);
        min-width: 0;
      }
      h2 {
        font-size: var(--f-large);
      }
      h3 {
        font-size: var(--f-small);
        color: var(--c-text-soft);
        margin-bottom: var(--s-2);
      }
      .swatches {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(104px, 1fr));
        gap: var(--s-2);
        font-size: var(--f-mini);
      }
      .swatch {
        height: 34px;
        border: 1px solid var(--c-line-strong);
        border-radius: var(--r-1);
      }
      .row {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--s-2);
        margin-bottom: var(--s-2);
      }
      .space {
        height: 12px;
        background: var(--c-accent);
      }
      .stack {
        display: grid;
        gap: var(--s-2);
      }
      .panel {
        padding: var(--s-4);
        border: 1px solid var(--c-line);
        border-radius: var(--r-3);
        background: var(--c-surface);
      }
    `,
  ];

  @state() private open = false;

  override render() {
    return html`
      <div class="top">${brandMark}<h1>${t('components.title')}</h1>${languageSwitch()}</div>
      <div class="both">${this.sheet('light')}${this.sheet('dark')}</div>
      <dk-dialog .open=${this.open} .heading=${t('case.release_title')} @dk-close=${() => (this.open = false)}>
        <p>${t('case.release_text')}</p>
        <div class="row"><button class="button" data-autofocus @click=${() => (this.open = false)}>${t('common.close')}</button></div>
      </dk-dialog>
    `;
  }

  private sheet(theme: 'light' | 'dark'): TemplateResult {
    return html`<section class="sheet ${theme}" aria-label=${t(`components.${theme}`)}>
      <h2>${t(`components.${theme}`)}</h2>
      <div>
        <h3>${t('components.colours')}</h3>
        <div class="swatches">
          ${colours.map((one) => html`<div><div class="swatch" style="background: var(--c-${one})"></div>${one}</div>`)}
        </div>
      </div>
      <div class="panel">
        <h3>${t('components.type')}</h3>
        ${sizes.map((one) => html`<p style="font-size: var(--f-${one})">${one}　${t('components.sample')}</p>`)}
      </div>
      <div>
        <h3>${t('components.space')}</h3>
        <div class="stack">${spaces.map((one) => html`<div class="space" style="width: var(--s-${one})"></div>`)}</div>
      </div>
      <div class="panel">
        <h3>${t('components.parts')}</h3>
        <div class="row">
          <button class="button primary">${t('report.sign')}</button><button class="button">${t('cases.open')}</button>
          <button class="button quiet">${t('case.release')}</button><button class="button primary" disabled>${t('report.sign')}</button>
          <button class="button" aria-pressed="true"><dk-icon name="window"></dk-icon>${t('viewer.window')}</button>
          <button class="button icon" aria-label=${t('viewer.reset')}><dk-icon name="reset"></dk-icon></button>
          <button class="button small" @click=${() => (this.open = true)}>dk-dialog</button>
        </div>
        <div class="row">
          ${states.map((one) => html`<span class="badge ${one}">${t(`state.${one}`)}</span>`)}
          ${deliveries.map((one) => html`<span class="badge ${one}">${t(`delivery.${one}`)}</span>`)}
          <span class="badge danger">${t('cases.overdue')}</span><span class="badge plain">${t('cases.prior')} 2</span>
        </div>
        <div class="tabs row" role="group" aria-label=${t('cases.states')}>
          ${states.map((one, i) => html`<button class="tab" aria-pressed=${i === 1}>${t(`state.${one}`)}<span class="count">${i * 7}</span></button>`)}
        </div>
        <div class="stack">
          <div class="field"><label for="a-${theme}">${t('login.name')}</label><input class="input" id="a-${theme}" placeholder=${t('cases.search')} /></div>
          <div class="field"><label for="b-${theme}">${t('report.findings')}</label><textarea class="input" id="b-${theme}" rows="2" .value=${t('components.sample')}></textarea></div>
          <div class="field"><label for="c-${theme}">${t('report.read_only')}</label><input class="input" id="c-${theme}" readonly .value=${t('components.sample')} /></div>
          <dk-banner .text=${t('login.expired')}></dk-banner>
          <dk-banner kind="done" .heading=${t('report.signed_title')}></dk-banner>
          <dk-banner kind="warn" .heading=${t('case.taken_title', { name: '森 健一' })} .text=${t('case.taken_text')}></dk-banner>
          <dk-banner kind="danger" .heading=${t('viewer.failed')}><button class="button small">${t('common.retry')}</button></dk-banner>
          <span class="bone"></span>
          <dk-empty .heading=${t('cases.empty_unread')} .text=${t('cases.empty_hint')}></dk-empty>
        </div>
      </div>
    </section>`;
  }
}
