import { css } from 'lit';

/** Small headed blocks in the column beside the images. */
export const panelStyles = css`
  :host {
    display: block;
  }
  h2 {
    font-size: var(--f-mini);
    font-weight: var(--w-medium);
    color: var(--c-text-soft);
    letter-spacing: 0.04em;
  }
  .none {
    font-size: var(--f-small);
  }
  .pre {
    white-space: pre-wrap;
    overflow-wrap: anywhere;
  }
`;
