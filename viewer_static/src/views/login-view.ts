import { css, html } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import { ApiError } from '../api/errors';
import { buttonStyles } from '../components/buttons';
import { fieldStyles } from '../components/fields';
import '../components/dk-banner';
import { t } from '../i18n/texts';
import { session, signIn } from '../state/session';
import { baseStyles } from '../tokens/base';
import { brandMark } from './brand-mark';
import { errorBanner } from './error-banner';
import { languageSwitch } from './language-switch';
import { ViewElement } from './view-element';

@customElement('dk-login')
export class LoginView extends ViewElement {
  static override styles = [
    baseStyles,
    buttonStyles,
    fieldStyles,
    css`
      :host {
        display: grid;
        grid-template-rows: auto 1fr auto;
        min-height: 100dvh;
        padding: var(--s-4);
      }
      .top {
        justify-self: end;
      }
      main {
        align-self: center;
        justify-self: center;
        width: min(384px, 100%);
        display: grid;
        gap: var(--s-5);
      }
      .brand {
        display: grid;
        justify-items: center;
        gap: var(--s-2);
        text-align: center;
      }
      .brand svg {
        width: 52px;
        height: 52px;
      }
      h1 {
        font-size: 2rem;
        letter-spacing: 0.14em;
        margin-right: -0.14em;
        line-height: 1.25;
      }
      .latin {
        color: var(--c-text-soft);
        letter-spacing: 0.22em;
        margin-right: -0.22em;
      }
      form {
        display: grid;
        gap: var(--s-4);
        padding: var(--s-5);
        border: 1px solid var(--c-line);
        border-radius: var(--r-3);
        background: var(--c-surface);
      }
      .input {
        --control: 44px;
        font-size: 1rem;
      }
      .primary {
        --control: 46px;
        font-size: 1rem;
      }
      .about {
        color: var(--c-text-soft);
        font-size: var(--f-small);
        text-align: center;
        word-break: auto-phrase;
        text-wrap: balance;
      }
      footer {
        justify-self: center;
        color: var(--c-text-soft);
        font-size: var(--f-mini);
      }
    `,
  ];

  @state() private error: ApiError | null = null;
  @state() private busy = false;
  @query('#name') private readonly name!: HTMLInputElement;
  @query('#password') private readonly password!: HTMLInputElement;

  override firstUpdated(): void {
    this.name.focus();
  }

  override render() {
    const expired = session.value.status === 'signed_out' && session.value.expired;
    return html`
      <div class="top">${languageSwitch()}</div>
      <main>
        <div class="brand">
          ${brandMark}
          <h1 lang="ja">読影</h1>
          <span class="latin" lang="en">dokuei</span>
        </div>
        <form @submit=${this.submit} aria-label=${t('login.title')} novalidate>
          ${this.error ? errorBanner(this.error) : expired ? html`<dk-banner .text=${t('login.expired')}></dk-banner>` : null}
          <div class="field">
            <label for="name">${t('login.name')}</label>
            <input class="input" id="name" name="username" data-testid="login-name" autocomplete="username" autocapitalize="none" spellcheck="false" required />
          </div>
          <div class="field">
            <label for="password">${t('login.password')}</label>
            <input class="input" id="password" name="password" type="password" data-testid="login-password" autocomplete="current-password" required />
          </div>
          <button class="button primary" data-testid="login-submit" ?disabled=${this.busy}>${this.busy ? t('login.busy') : t('login.submit')}</button>
        </form>
        <p class="about">${t('login.about')}</p>
      </main>
      <footer>${t('login.reference')}</footer>
    `;
  }

  private async submit(event: Event): Promise<void> {
    event.preventDefault();
    if (!this.name.value.trim()) return this.name.focus();
    if (!this.password.value) return this.password.focus();
    this.busy = true;
    this.error = null;
    try {
      await signIn(this.name.value.trim(), this.password.value);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.error = error;
      this.password.value = '';
      this.password.focus();
    } finally {
      this.busy = false;
    }
  }
}
