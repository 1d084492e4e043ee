import { LitElement, type PropertyValues, css, html } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import { baseStyles } from '../tokens/base';
import './dk-icon';
import { fieldStyles } from './fields';

const pauseMs = 250;

/**
 * A search field over a list. Fires `dk-search` with the text once typing rests (at once on Escape, which
 * empties it), and `dk-down` when Enter or the arrow key leads into the list.
 */
@customElement('dk-search')
export class DkSearch extends LitElement {
  static override styles = [
    baseStyles,
    fieldStyles,
    css`
      :host {
        display: block;
        position: relative;
      }
      dk-icon {
        position: absolute;
        left: 10px;
        top: 50%;
        translate: 0 -50%;
        color: var(--c-text-soft);
        pointer-events: none;
      }
      .input {
        padding-left: 34px;
        padding-right: 12px;
      }
    `,
  ];

  @property() label = '';
  @property() value = '';
  @property() testid = '';
  @query('input') private readonly input!: HTMLInputElement;
  private timer: ReturnType<typeof setTimeout> | undefined;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.timer);
  }

  override focus(): void {
    this.input.focus();
  }

  override updated(changed: PropertyValues<this>): void {
    // Never while it says the same: a trailing space or an unfinished conversion would be lost.
    if (changed.has('value') && this.input.value.trim() !== this.value) this.input.value = this.value;
  }

  override render() {
    return html`<dk-icon name="search"></dk-icon>
      <input
        class="input"
        type="search"
        role="searchbox"
        data-testid=${this.testid}
        aria-label=${this.label}
        placeholder=${this.label}
        @input=${this.onInput}
        @keydown=${this.onKey}
      />`;
  }

  private readonly onInput = (): void => {
    clearTimeout(this.timer);
    this.timer = setTimeout(this.tell, pauseMs);
  };

  private readonly tell = (): void => {
    clearTimeout(this.timer);
    this.dispatchEvent(new CustomEvent('dk-search', { detail: this.input.value.trim() }));
  };

  private onKey(event: KeyboardEvent): void {
    if (event.isComposing) return;
    if (event.key === 'Escape') {
      this.input.value = '';
      this.tell();
      this.input.blur();
    } else if (event.key === 'ArrowDown' || event.key === 'Enter') {
      event.preventDefault();
      this.dispatchEvent(new CustomEvent('dk-down'));
    }
  }
}
