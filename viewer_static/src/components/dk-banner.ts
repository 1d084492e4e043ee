import { LitElement, css, html } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { baseStyles } from '../tokens/base';
import './dk-icon';
import type { IconName } from './dk-icon';

const icons: Record<string, IconName> = { info: 'info', warn: 'warn', danger: 'warn', done: 'done' };

/** A message inside the page: what happened, what to do next, and the buttons for that (slot). */
@customElement('dk-banner')
export class DkBanner extends LitElement {
  static override styles = [
    baseStyles,
    css`
      :host {
        display: block;
      }
      .banner {
        display: flex;
        gap: var(--s-3);
        padding: var(--s-3) var(--s-4);
        border-radius: var(--r-2);
        background: var(--c-reading-bg);
        color: var(--c-reading-text);
        line-height: var(--lh-body);
      }
      .warn {
        background: var(--c-warn-bg);
        color: var(--c-warn-text);
      }
      .danger {
        background: var(--c-danger-bg);
        color: var(--c-danger-text);
      }
      .done {
        background: var(--c-read-bg);
        color: var(--c-read-text);
      }
      dk-icon {
        margin-top: 0.25em;
      }
      .words {
        flex: 1;
        min-width: 0;
        overflow-wrap: anywhere;
      }
      strong {
        display: block;
        font-weight: var(--w-bold);
      }
      ::slotted(*) {
        margin-top: var(--s-2);
      }
    `,
  ];

  @property() kind: 'info' | 'warn' | 'danger' | 'done' = 'info';
  @property() heading = '';
  @property() text = '';

  override render() {
    return html`<div class="banner ${this.kind}" role=${this.kind === 'danger' ? 'alert' : 'status'}>
      <dk-icon .name=${icons[this.kind] ?? 'info'}></dk-icon>
      <div class="words">
        ${this.heading ? html`<strong>${this.heading}</strong>` : null}${this.text ? html`<span>${this.text}</span>` : null}
        <slot></slot>
      </div>
    </div>`;
  }
}
