import { css } from 'lit';

/** Space, type and shape: the same in both themes. */
export const scaleTokens = css`
  --s-1: 4px;
  --s-2: 8px;
  --s-3: 12px;
  --s-4: 16px;
  --s-5: 24px;
  --s-6: 32px;
  --s-7: 48px;
  --f-family: 'Noto Sans JP Variable', 'Noto Sans JP', 'Noto Sans CJK JP', 'Hiragino Sans', 'Yu Gothic UI', sans-serif;
  --f-mini: 0.75rem;
  --f-small: 0.8125rem;
  --f-body: 0.875rem;
  --f-large: 1rem;
  --f-title: 1.25rem;
  --f-display: 1.625rem;
  --w-regular: 400;
  --w-medium: 500;
  --w-bold: 650;
  --lh-tight: 1.35;
  --lh-body: 1.65;
  --lh-prose: 1.9;
  --r-1: 4px;
  --r-2: 8px;
  --r-3: 12px;
  --control: 36px;
`;
