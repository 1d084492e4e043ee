import { LitElement, css, html } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import { baseStyles } from '../tokens/base';

/** A modal question. Opens while `open`; fires `dk-close` on Escape and on a click outside. */
@customElement('dk-dialog')
export class DkDialog extends LitElement {
  static override styles = [
    baseStyles,
    css`
      dialog {
        width: min(var(--dialog-width, 520px), calc(100vw - 32px));
        max-height: calc(100dvh - 32px);
        padding: var(--s-5);
        border: 1px solid var(--c-line);
        border-radius: var(--r-3);
        background: var(--c-surface);
        color: var(--c-text);
        box-shadow: var(--shadow);
        overflow: auto;
      }
      dialog::backdrop {
        background: var(--c-scrim);
      }
      h2 {
        margin-bottom: var(--s-3);
        font-size: var(--f-title);
      }
    `,
  ];

  @property({ type: Boolean }) open = false;
  @property() heading = '';
  @query('dialog') private readonly dialog!: HTMLDialogElement;

  override updated(): void {
    if (this.open && !this.dialog.open) {
      this.dialog.showModal();
      // Autofocus does not reach slotted content: the caller marks where to begin.
      this.querySelector<HTMLElement>('[data-autofocus]')?.focus();
    } else if (!this.open && this.dialog.open) this.dialog.close();
  }

  override render() {
    return html`<dialog aria-labelledby="heading" @cancel=${this.cancel} @pointerdown=${this.outside}>
      <h2 id="heading">${this.heading}</h2>
      <slot></slot>
    </dialog>`;
  }

  private cancel(event: Event): void {
    event.preventDefault();
    this.dispatchEvent(new CustomEvent('dk-close'));
  }

  private outside(event: PointerEvent): void {
    if (event.target !== this.dialog) return;
    const box = this.dialog.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) this.dispatchEvent(new CustomEvent('dk-close'));
  }
}
