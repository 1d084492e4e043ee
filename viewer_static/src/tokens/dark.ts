import { css } from 'lit';

/** Colours of the reading room: low luminance, so that the image stays the brightest thing on screen. */
export const darkTokens = css`
  color-scheme: dark;
  --c-page: #0b0e10;
  --c-surface: #12171a;
  --c-raised: #1a2125;
  --c-sunken: #080a0b;
  --c-line: #293238;
  --c-line-strong: #66757d;
  --c-text: #d9e0e3;
  --c-text-soft: #9aa8af;
  --c-accent: #7dc0d9;
  --c-accent-hover: #9dd3e7;
  --c-on-accent: #06222d;
  --c-accent-soft: #15303b;
  --c-focus: #7cc4ff;
  --c-unread-text: #f0c674;
  --c-unread-bg: #372b12;
  --c-reading-text: #98cdf3;
  --c-reading-bg: #132f47;
  --c-read-text: #9ed6b1;
  --c-read-bg: #153020;
  --c-quiet-text: #b2bdc3;
  --c-quiet-bg: #242c30;
  --c-danger-text: #ffb3ab;
  --c-danger-bg: #451a17;
  --c-danger: #f2857b;
  --c-on-danger: #2d0603;
  --c-warn-text: #f5cf85;
  --c-warn-bg: #3a2c0d;
  --shadow: 0 1px 2px rgb(0 0 0 / 50%), 0 12px 32px rgb(0 0 0 / 50%);
  --c-scrim: rgb(0 0 0 / 60%);
`;
