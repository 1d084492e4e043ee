import { LitElement } from 'lit';
import { onLocaleChange } from '../i18n/texts';

/** A page or a part of one: drawn again when the language changes. */
export class ViewElement extends LitElement {
  private stopListening: (() => void) | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.stopListening = onLocaleChange(() => this.requestUpdate());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stopListening?.();
  }
}
