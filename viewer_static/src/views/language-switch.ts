import { html, type TemplateResult } from 'lit';
import { locale, setLocale, t } from '../i18n/texts';

/** The button names the other language in that language. */
export const languageSwitch = (): TemplateResult => html`<button
  class="button quiet small"
  data-testid="language-switch"
  lang=${locale() === 'ja' ? 'en' : 'ja'}
  title=${t('nav.language_label')}
  @click=${() => setLocale(locale() === 'ja' ? 'en' : 'ja')}
>
  ${t('nav.language')}
</button>`;
