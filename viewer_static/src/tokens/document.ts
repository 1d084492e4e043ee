import { css } from 'lit';
import '@fontsource-variable/noto-sans-jp/wght.css';
import { darkTokens } from './dark';
import { lightTokens } from './light';
import { scaleTokens } from './scale';

const documentStyles = css`
  :root {
    ${scaleTokens}
    ${lightTokens}
  }
  :root[data-theme='dark'] {
    ${darkTokens}
  }
  @media (pointer: coarse), (max-width: 640px) {
    :root {
      --control: 44px;
      --f-body: 0.9375rem;
      --f-small: 0.875rem;
    }
  }
  html {
    font-size: 16px;
    background: var(--c-page);
    color: var(--c-text);
    font-family: var(--f-family);
    line-height: var(--lh-body);
    -webkit-text-size-adjust: 100%;
    text-size-adjust: 100%;
  }
  /* A reading monitor at its own resolution: text that can be read from a chair. */
  @media (min-width: 2200px) {
    html {
      font-size: 18px;
    }
    :root {
      --control: 40px;
    }
  }
  body {
    margin: 0;
    min-height: 100dvh;
    font-size: var(--f-body);
  }
`;

/** Put the tokens on the document; the custom properties then reach every shadow root. */
export function adoptTokens(): void {
  const sheet = documentStyles.styleSheet;
  if (sheet) document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}
