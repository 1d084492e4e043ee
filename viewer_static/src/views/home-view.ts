import { css, html } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { Session } from '../api/types';
import { t } from '../i18n/texts';
import { baseStyles } from '../tokens/base';
import { ViewElement } from './view-element';

/** The first page of roles without clinical pages: plainly what they can do now. */
@customElement('dk-home')
export class HomeView extends ViewElement {
  static override styles = [
    baseStyles,
    css`
      :host {
        display: grid;
        gap: var(--s-4);
        max-width: 640px;
        margin: 10vh auto 0;
        padding: var(--s-4);
      }
      h1 {
        font-size: var(--f-display);
      }
      h2 {
        font-size: var(--f-large);
        margin-bottom: var(--s-2);
      }
      section {
        padding: var(--s-5);
        border: 1px solid var(--c-line);
        border-radius: var(--r-3);
        background: var(--c-surface);
      }
      li {
        padding-left: 1.2em;
        text-indent: -1.2em;
      }
      li::before {
        content: '・';
        margin-right: 0.2em;
      }
    `,
  ];

  @property({ attribute: false }) session!: Session;

  override render() {
    const { person } = this.session;
    return html`
      <h1>${t('home.title', { name: person.name })}</h1>
      <p class="soft">${t(`role.${person.role}`)} · ${person.site.name}</p>
      <p>${t('home.none', { role: t(`role.${person.role}`) })}</p>
      <section>
        <h2>${t('home.can')}</h2>
        <ul>
          <li>${t('home.language')}</li>
          <li>${t('home.logout')}</li>
        </ul>
      </section>
      <p class="soft">${t('home.help')}</p>
    `;
  }
}
