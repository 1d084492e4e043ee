import { css } from 'lit';

/** Colours of the clinic screens. Every text/background pair used together meets WCAG AA. */
export const lightTokens = css`
  color-scheme: light;
  --c-page: #f4f6f6;
  --c-surface: #ffffff;
  --c-raised: #ffffff;
  --c-sunken: #eaeeef;
  --c-line: #d5dcde;
  --c-line-strong: #848f94;
  --c-text: #172126;
  --c-text-soft: #506067;
  --c-accent: #17526a;
  --c-accent-hover: #0f4056;
  --c-on-accent: #ffffff;
  --c-accent-soft: #e2eff4;
  --c-focus: #0a6fb0;
  --c-unread-text: #774600;
  --c-unread-bg: #fdf0d6;
  --c-reading-text: #0b4b78;
  --c-reading-bg: #dfeefa;
  --c-read-text: #25543a;
  --c-read-bg: #e1f1e6;
  --c-quiet-text: #4a565c;
  --c-quiet-bg: #e9edee;
  --c-danger-text: #9c1b1b;
  --c-danger-bg: #fde9e7;
  --c-danger: #b3261e;
  --c-on-danger: #ffffff;
  --c-warn-text: #6b4200;
  --c-warn-bg: #fff1d1;
  --shadow: 0 1px 2px rgb(16 32 40 / 8%), 0 8px 24px rgb(16 32 40 / 10%);
  --c-scrim: rgb(16 32 40 / 45%);
`;
