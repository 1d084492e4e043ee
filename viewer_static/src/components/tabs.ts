import { css } from 'lit';

/** A row of filters, each with its count: buttons with aria-pressed. */
export const tabStyles = css`
  .tabs {
    display: flex;
    gap: 2px;
    overflow-x: auto;
    scrollbar-width: none;
    padding: 3px;
    margin: -3px;
  }
  .tab {
    display: inline-flex;
    align-items: center;
    gap: var(--s-2);
    min-height: var(--control);
    padding: 0 var(--s-3);
    border: 0;
    border-radius: var(--r-2);
    background: none;
    color: var(--c-text-soft);
    font-weight: var(--w-medium);
    white-space: nowrap;
    cursor: pointer;
  }
  .tab:hover {
    background: var(--c-sunken);
  }
  .tab[aria-pressed='true'] {
    background: var(--c-accent-soft);
    color: var(--c-accent);
  }
  .tab .count {
    min-width: 1.6em;
    font-size: var(--f-mini);
    font-variant-numeric: tabular-nums;
    text-align: right;
  }
`;
