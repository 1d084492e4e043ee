import { css } from 'lit';

/** Labels, inputs and text areas. */
export const fieldStyles = css`
  .field {
    display: grid;
    gap: var(--s-1);
  }
  .field > label,
  .label {
    font-size: var(--f-small);
    font-weight: var(--w-medium);
    color: var(--c-text-soft);
  }
  .input {
    width: 100%;
    min-height: var(--control);
    padding: var(--s-1) var(--s-3);
    border: 1px solid var(--c-line-strong);
    border-radius: var(--r-2);
    background: var(--c-raised);
    color: var(--c-text);
  }
  textarea.input {
    padding: var(--s-3);
    line-height: var(--lh-prose);
    resize: none;
  }
  .input::placeholder {
    color: var(--c-text-soft);
    opacity: 1;
  }
  .input:focus-visible {
    border-color: var(--c-focus);
    outline-offset: -1px;
  }
  .input[readonly] {
    background: var(--c-sunken);
  }
  @media (pointer: coarse), (max-width: 640px) {
    .input {
      font-size: 1rem; /* below 16 px iOS zooms into the field */
    }
  }
`;
