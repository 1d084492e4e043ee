import { svg } from 'lit';

/** The mark: a slice with its reading line. */
export const brandMark = svg`<svg viewBox="0 0 32 32" width="32" height="32" aria-hidden="true">
  <rect width="32" height="32" rx="7" fill="#17526a"/><circle cx="16" cy="16" r="9" fill="none" stroke="#fff" stroke-width="2"/>
  <path d="M7 16h18" stroke="#8fd0e6" stroke-width="2"/><circle cx="16" cy="16" r="3" fill="#fff"/></svg>`;
