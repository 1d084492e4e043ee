import { css } from 'lit';

/** Native buttons and links that look like buttons: `class="button primary"` and so on. */
export const buttonStyles = css`
  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: var(--s-2);
    min-height: var(--control);
    padding: 0 var(--s-4);
    border: 1px solid var(--c-line-strong);
    border-radius: var(--r-2);
    background: var(--c-raised);
    color: var(--c-text);
    font-weight: var(--w-medium);
    line-height: 1.2;
    white-space: nowrap;
    text-decoration: none;
    cursor: pointer;
    transition: background-color 120ms;
  }
  .button:hover:not(:disabled) {
    background: var(--c-accent-soft);
  }
  .button.primary {
    border-color: transparent;
    background: var(--c-accent);
    color: var(--c-on-accent);
    font-weight: var(--w-bold);
  }
  .button.primary:hover:not(:disabled) {
    background: var(--c-accent-hover);
  }
  .button.quiet {
    border-color: transparent;
    background: none;
  }
  .button.quiet:hover:not(:disabled) {
    background: var(--c-sunken);
  }
  .button.small {
    --control: 30px;
    padding: 0 var(--s-3);
    font-size: var(--f-small);
  }
  .button.icon {
    width: var(--control);
    padding: 0;
  }
  .button[aria-pressed='true'] {
    background: var(--c-accent-soft);
    border-color: var(--c-accent);
    color: var(--c-accent);
  }
  .button:disabled {
    border-color: var(--c-line);
    background: var(--c-sunken);
    color: var(--c-text-soft);
    cursor: not-allowed;
  }
  @media (pointer: coarse), (max-width: 640px) {
    .button.small {
      --control: 44px;
    }
  }
`;
