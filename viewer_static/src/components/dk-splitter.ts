import { LitElement, css, html } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { baseStyles } from '../tokens/base';

/**
 * Two panes side by side with a handle between them (slots `start` and `end`), one above the other on
 * a narrow screen. The width of the end pane is kept under `store` in localStorage.
 */
@customElement('dk-splitter')
export class DkSplitter extends LitElement {
  static override styles = [
    baseStyles,
    css`
      :host {
        display: grid;
        grid-template-columns: minmax(0, 1fr) 7px var(--end, 460px);
        min-height: 0;
      }
      .pane {
        min-width: 0;
        min-height: 0;
        display: grid;
      }
      .handle {
        cursor: col-resize;
        background: var(--c-line);
        background-clip: content-box;
        padding: 0 3px;
        touch-action: none;
      }
      .handle:hover,
      .handle:focus-visible {
        background-color: var(--c-accent);
        outline: none;
        padding: 0 2px;
      }
      @media (max-width: 900px) {
        :host {
          display: block;
        }
        .handle {
          display: none;
        }
      }
    `,
  ];

  @property() label = '';
  @property() store = 'dokuei.split';
  @property({ type: Number }) min = 340;
  private width = 460;

  override connectedCallback(): void {
    super.connectedCallback();
    this.setWidth(this.stored());
  }

  override render() {
    return html`
      <div class="pane"><slot name="start"></slot></div>
      <div
        class="handle"
        role="separator"
        tabindex="0"
        aria-orientation="vertical"
        aria-label=${this.label}
        aria-valuenow=${this.width}
        aria-valuemin=${this.min}
        aria-valuemax=${this.max()}
        @pointerdown=${this.grab}
        @keydown=${this.key}
      ></div>
      <div class="pane"><slot name="end"></slot></div>
    `;
  }

  private max(): number {
    return Math.max(this.min, Math.round(innerWidth * 0.6));
  }

  private stored(): number {
    try {
      return Number(localStorage.getItem(this.store)) || Math.round(Math.min(innerWidth < 2200 ? 560 : 680, innerWidth * 0.34));
    } catch {
      return 460;
    }
  }

  private setWidth(width: number): void {
    this.width = Math.round(Math.min(this.max(), Math.max(this.min, width)));
    this.style.setProperty('--end', `${this.width}px`);
    this.requestUpdate();
  }

  private keepWidth(): void {
    try {
      localStorage.setItem(this.store, String(this.width));
    } catch {
      /* the width then lasts until the page is left */
    }
  }

  private grab(event: PointerEvent): void {
    const handle = event.currentTarget as HTMLElement;
    handle.setPointerCapture(event.pointerId);
    const move = (to: PointerEvent): void => this.setWidth(this.getBoundingClientRect().right - to.clientX);
    handle.addEventListener('pointermove', move);
    handle.addEventListener(
      'lostpointercapture',
      () => {
        handle.removeEventListener('pointermove', move);
        this.keepWidth();
      },
      { once: true },
    );
  }

  private key(event: KeyboardEvent): void {
    const step = { ArrowLeft: 24, ArrowRight: -24 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.setWidth(this.width + step);
    this.keepWidth();
  }
}
