import { html, type TemplateResult } from 'lit';
import type { ApiError } from '../api/errors';
import '../components/dk-banner';
import { pick, t } from '../i18n/texts';

/** What went wrong and what to do next, in the current language, with an optional second try. */
export function errorBanner(error: ApiError, retry?: () => void): TemplateResult {
  return html`<dk-banner kind="danger" data-testid="error-message" data-code=${error.code} .heading=${pick(error.texts)} .text=${pick(error.nextStep)}>
    ${error.requestId && error.status >= 500 ? html`<div class="num">${t('common.request_id', { id: error.requestId })}</div>` : null}
    ${retry ? html`<div><button class="button small" @click=${retry}>${t('common.retry')}</button></div>` : null}
  </dk-banner>`;
}
