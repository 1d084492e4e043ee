import { html } from 'lit';
import { customElement } from 'lit/decorators.js';
import { buttonStyles } from '../components/buttons';
import '../components/dk-empty';
import { t } from '../i18n/texts';
import { baseStyles } from '../tokens/base';
import { ViewElement } from './view-element';

@customElement('dk-not-found')
export class NotFoundView extends ViewElement {
  static override styles = [baseStyles, buttonStyles];

  override render() {
    return html`<h1 class="visually-hidden">${t('not_found.title')}</h1>
      <dk-empty icon="search" .heading=${t('not_found.title')} .text=${t('not_found.text')}>
        <a class="button" href="/">${t('not_found.home')}</a>
      </dk-empty>`;
  }
}
