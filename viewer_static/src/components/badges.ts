import { css } from 'lit';

/** State badges; the word carries the meaning, the colour only supports it. */
export const badgeStyles = css`
  .badge {
    display: inline-flex;
    align-items: center;
    gap: 6px;
    padding: 1px 9px 1px 7px;
    border-radius: 999px;
    background: var(--c-quiet-bg);
    color: var(--c-quiet-text);
    font-size: var(--f-mini);
    font-weight: var(--w-medium);
    line-height: 1.6;
    white-space: nowrap;
  }
  .badge::before {
    content: '';
    width: 6px;
    height: 6px;
    border-radius: 50%;
    background: currentColor;
  }
  .badge.plain {
    padding: 1px 8px;
    border-radius: var(--r-1);
  }
  .badge.plain::before {
    content: none;
  }
  .badge.unread,
  .badge.delivered {
    background: var(--c-unread-bg);
    color: var(--c-unread-text);
  }
  .badge.reading,
  .badge.acknowledged,
  .badge.draft {
    background: var(--c-reading-bg);
    color: var(--c-reading-text);
  }
  .badge.read,
  .badge.acted_on,
  .badge.final {
    background: var(--c-read-bg);
    color: var(--c-read-text);
  }
  .badge.receiving::before {
    background: none;
    border: 1.5px solid currentColor;
    width: 7px;
    height: 7px;
  }
  .badge.danger {
    background: var(--c-danger-bg);
    color: var(--c-danger-text);
  }
`;
