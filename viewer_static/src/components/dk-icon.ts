import { LitElement, css, html, svg } from 'lit';
import { customElement, property } from 'lit/decorators.js';

const shapes = {
  search: svg`<circle cx="7" cy="7" r="4.5"/><path d="m10.5 10.5 3.5 3.5"/>`,
  close: svg`<path d="m4 4 8 8M12 4l-8 8"/>`,
  back: svg`<path d="M9.5 3.5 5 8l4.5 4.5"/>`,
  next: svg`<path d="M6.5 3.5 11 8l-4.5 4.5"/>`,
  window: svg`<circle cx="8" cy="8" r="5.5"/><path d="M8 2.5v11a5.5 5.5 0 0 0 0-11z" fill="currentColor"/>`,
  pan: svg`<path d="M8 1.8v12.4M1.8 8h12.4M8 1.8 6.2 3.6M8 1.8l1.8 1.8M8 14.2l-1.8-1.8M8 14.2l1.8-1.8M1.8 8l1.8-1.8M1.8 8l1.8 1.8M14.2 8l-1.8-1.8M14.2 8l-1.8 1.8"/>`,
  zoom: svg`<circle cx="7" cy="7" r="4.5"/><path d="m10.5 10.5 3.5 3.5M5 7h4M7 5v4"/>`,
  scroll: svg`<rect x="4.5" y="5" width="9" height="9" rx="1"/><path d="M2.5 11V3a1 1 0 0 1 1-1h8"/>`,
  invert: svg`<rect x="2.5" y="2.5" width="11" height="11" rx="1.5"/><path d="M2.5 13.5v-10a1 1 0 0 1 1-1h10z" fill="currentColor"/>`,
  reset: svg`<path d="M3 8a5 5 0 1 0 1.6-3.7"/><path d="M2.5 2.5 4.6 4.3 3 6.6" />`,
  play: svg`<path d="M5 3.2v9.6L12.5 8z" fill="currentColor"/>`,
  pause: svg`<path d="M5.5 3.5v9M10.5 3.5v9" stroke-width="2.4"/>`,
  keys: svg`<rect x="1.5" y="4" width="13" height="8" rx="1.5"/><path d="M4 6.5h.01M6.5 6.5h.01M9 6.5h.01M11.7 6.5h.01M5 9.5h6"/>`,
  sun: svg`<circle cx="8" cy="8" r="2.8"/><path d="M8 1.5v1.6M8 12.9v1.6M1.5 8h1.6M12.9 8h1.6M3.4 3.4l1.1 1.1M11.5 11.5l1.1 1.1M12.6 3.4l-1.1 1.1M4.5 11.5l-1.1 1.1"/>`,
  moon: svg`<path d="M13 9.6A5.6 5.6 0 0 1 6.4 3a5.6 5.6 0 1 0 6.6 6.6z"/>`,
  leave: svg`<path d="M9.5 2.5h-6v11h6M6.5 8h7.5M11.5 5.5 14 8l-2.5 2.5"/>`,
  warn: svg`<path d="M8 2 1.8 13.2h12.4zM8 6.5v3.2M8 11.6v.01"/>`,
  info: svg`<circle cx="8" cy="8" r="6"/><path d="M8 7.5v3.7M8 5v.01"/>`,
  done: svg`<path d="m3 8.5 3.4 3.4L13 4.8"/>`,
  empty: svg`<path d="M2 9.5 4 3h8l2 6.5v3.5H2zM2 9.5h3.5l1 1.8h3l1-1.8H14"/>`,
  history: svg`<circle cx="8" cy="8" r="5.8"/><path d="M8 4.7V8l2.3 1.6"/>`,
  document: svg`<path d="M4 1.8h5.2L12.5 5v9.2h-8.5zM9 2v3.3h3.3M6.2 8.2h4M6.2 10.8h4"/>`,
  images: svg`<rect x="2" y="3" width="12" height="10" rx="1"/><circle cx="8" cy="8" r="2.6"/>`,
};

export type IconName = keyof typeof shapes;

/** A small line icon; always beside a word or inside a control that has a name. */
@customElement('dk-icon')
export class DkIcon extends LitElement {
  static override styles = css`
    :host {
      display: inline-flex;
      flex: none;
    }
    svg {
      width: 1.2em;
      height: 1.2em;
      fill: none;
      stroke: currentColor;
      stroke-width: 1.4;
      stroke-linecap: round;
      stroke-linejoin: round;
    }
  `;

  @property() name: IconName = 'info';

  override render() {
    return html`<svg viewBox="0 0 16 16" aria-hidden="true" focusable="false">${shapes[this.name]}</svg>`;
  }
}
