import { LitElement, css, html } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { baseStyles } from '../tokens/base';
import './dk-icon';
import type { IconName } from './dk-icon';

/** Nothing here, and why; buttons go into the slot. */
@customElement('dk-empty')
export class DkEmpty extends LitElement {
  static override styles = [
    baseStyles,
    css`
      :host {
        display: grid;
        justify-items: center;
        gap: var(--s-2);
        padding: var(--s-7) var(--s-4);
        text-align: center;
      }
      dk-icon {
        font-size: 30px;
        color: var(--c-line-strong);
        margin-bottom: var(--s-2);
      }
      h2 {
        font-size: var(--f-large);
      }
      p {
        max-width: 44ch;
        color: var(--c-text-soft);
      }
    `,
  ];

  @property() icon: IconName = 'empty';
  @property() heading = '';
  @property() text = '';

  override render() {
    return html`<dk-icon .name=${this.icon}></dk-icon>
      <h2>${this.heading}</h2>
      ${this.text ? html`<p>${this.text}</p>` : null}
      <slot></slot>`;
  }
}
