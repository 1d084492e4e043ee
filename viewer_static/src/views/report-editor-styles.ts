import { css } from 'lit';

export const reportEditorStyles = css`
  :host {
    display: flex;
    flex-direction: column;
    gap: var(--s-3);
    min-height: 380px;
  }
  dk-dialog {
    display: contents; /* closed, it takes no gap of the column */
  }
  .field > label {
    font-size: var(--f-body);
    font-weight: var(--w-bold);
    color: var(--c-text);
  }
  .grow {
    flex: 1;
    grid-template-rows: auto 1fr;
  }
  textarea.input {
    font-size: var(--f-large);
    min-height: 150px;
    background: var(--c-page);
  }
  textarea.impression {
    min-height: 112px;
    field-sizing: content;
    max-height: 260px;
  }
  .actions {
    display: flex;
    align-items: center;
    gap: var(--s-2);
    position: sticky;
    bottom: 0;
    margin: 0 calc(-1 * var(--s-4));
    padding: var(--s-3) var(--s-4);
    border-top: 1px solid var(--c-line);
    background: var(--c-surface);
  }
  .actions .primary {
    min-width: 116px;
  }
  .save {
    flex: 1;
    font-size: var(--f-small);
    color: var(--c-text-soft);
  }
  .save.dirty,
  .save.conflict {
    color: var(--c-unread-text);
  }
  .save.failed {
    color: var(--c-danger-text);
  }
  .versions {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(180px, 1fr));
    gap: var(--s-2);
  }
  .version,
  .kept {
    padding: var(--s-3);
    border: 1px solid var(--c-line);
    border-radius: var(--r-2);
    background: var(--c-page);
    color: var(--c-text);
  }
  .version {
    display: flex;
    flex-direction: column;
    gap: var(--s-1);
    max-height: 340px;
    overflow-y: auto;
  }
  .version .button {
    align-self: start;
    margin-top: auto;
    white-space: normal;
    text-align: left;
  }
  .version h3,
  .kept h3 {
    font-size: var(--f-mini);
    color: var(--c-text-soft);
  }
  .kept header {
    display: flex;
    justify-content: space-between;
    align-items: center;
  }
  .pre {
    white-space: pre-wrap;
    overflow-wrap: anywhere;
  }
  .strong {
    font-weight: var(--w-medium);
    margin-top: var(--s-2);
  }
  .choices {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--s-2);
    margin-top: var(--s-2);
  }
  .who {
    display: grid;
    grid-template-columns: auto 1fr;
    gap: var(--s-2) var(--s-4);
    margin: var(--s-4) 0 var(--s-5);
    padding: var(--s-4);
    border-radius: var(--r-2);
    background: var(--c-page);
  }
  .who dt {
    color: var(--c-text-soft);
  }
  .who .other {
    color: var(--c-warn-text);
  }
  .who strong {
    font-size: var(--f-large);
  }
  .buttons {
    display: flex;
    justify-content: flex-end;
    gap: var(--s-2);
    margin-top: var(--s-4);
  }
  .buttons .primary {
    min-width: 120px;
  }
  @media (max-width: 900px) {
    .actions {
      margin: 0 calc(-1 * var(--s-3));
      padding: var(--s-3);
    }
  }
`;
