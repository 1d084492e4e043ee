import { css } from 'lit';

/** What the list of peers and the page of one peer share. */
export const peersStyles = css`
  :host {
    display: block;
    max-width: 1100px;
    margin: 0 auto;
    padding: var(--s-5) var(--s-4) var(--s-7);
  }
  .bar {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--s-2) var(--s-4);
    margin-bottom: var(--s-2);
  }
  h1 {
    font-size: var(--f-display);
    overflow-wrap: anywhere;
  }
  h2 {
    font-size: var(--f-large);
  }
  .push {
    margin-left: auto;
  }
  .card {
    border: 1px solid var(--c-line);
    border-radius: var(--r-3);
    background: var(--c-surface);
  }
  .small {
    font-size: var(--f-mini);
    color: var(--c-text-soft);
  }
  .ae {
    font-weight: var(--w-bold);
    font-variant-numeric: tabular-nums;
    overflow-wrap: anywhere;
  }
  @media (max-width: 640px) {
    :host {
      padding: var(--s-3) var(--s-2) var(--s-6);
    }
  }
`;
