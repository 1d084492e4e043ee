import { css } from 'lit';
import { darkTokens } from '../tokens/dark';

/** The viewer is dark in both themes: the picture stays the brightest thing. */
export const viewerStyles = css`
  :host {
    ${darkTokens}
    container-type: inline-size;
    display: grid;
    grid-template: 'tools tools' auto 'strip stage' minmax(0, 1fr) 'foot foot' auto / auto minmax(0, 1fr);
    min-height: 0;
    background: var(--c-page);
    color: var(--c-text);
  }
  .toolbar {
    grid-area: tools;
    display: flex;
    align-items: center;
    gap: 2px;
    padding: 4px var(--s-2);
    border-bottom: 1px solid var(--c-line);
    background: var(--c-surface);
  }
  .toolbar .button {
    padding: 0 10px;
    gap: 6px;
    color: var(--c-text-soft);
    border-color: transparent;
    background: none;
  }
  .toolbar .button:hover:not(:disabled) {
    background: var(--c-raised);
    color: var(--c-text);
  }
  .toolbar .button[aria-pressed='true'] {
    background: var(--c-accent-soft);
    color: var(--c-accent);
  }
  .toolbar .button.icon {
    padding: 0;
  }
  .toolbar .button:disabled {
    opacity: 0.55;
  }
  .gap {
    width: 1px;
    height: 18px;
    margin: 0 var(--s-1);
    background: var(--c-line);
  }
  .presets {
    display: flex;
  }
  select {
    display: none;
    height: 30px;
    padding: 0 var(--s-2);
    border: 1px solid var(--c-line-strong);
    border-radius: var(--r-2);
    background: var(--c-surface);
    font-size: var(--f-small);
  }
  .help {
    margin-left: auto;
  }
  kbd {
    padding: 0 5px;
    border: 1px solid var(--c-line-strong);
    border-radius: 3px;
    font-family: inherit;
    font-size: 0.6875rem;
    line-height: 1.35;
    color: inherit;
  }
  dk-series-strip {
    grid-area: strip;
  }
  .stage {
    grid-area: stage;
    position: relative;
    min-height: 0;
    background: #000;
    overflow: hidden;
  }
  .canvas {
    position: absolute;
    inset: 0;
    touch-action: none;
  }
  .canvas:focus-visible {
    outline-offset: -2px;
  }
  .overlay {
    position: absolute;
    inset: 0;
    pointer-events: none;
    font-size: var(--f-small);
    line-height: 1.5;
    color: #e6ebed;
    text-shadow:
      0 0 2px #000,
      0 0 4px #000;
  }
  .corner {
    position: absolute;
    max-width: 46%;
  }
  .tl {
    top: var(--s-2);
    left: var(--s-3);
  }
  .tr {
    top: var(--s-2);
    right: 30px;
    text-align: right;
  }
  .bl {
    bottom: var(--s-2);
    left: var(--s-3);
  }
  .br {
    bottom: var(--s-2);
    right: 30px;
    text-align: right;
  }
  .slice {
    font-size: var(--f-large);
    font-weight: var(--w-medium);
  }
  .lossy {
    padding: 0 var(--s-2);
    border-radius: var(--r-1);
    background: var(--c-warn-bg);
    color: var(--c-warn-text);
    text-shadow: none;
  }
  .edge {
    position: absolute;
    color: #a9dcef;
    font-size: var(--f-large);
    font-weight: var(--w-bold);
  }
  .left {
    left: var(--s-3);
    top: 50%;
    translate: 0 -50%;
  }
  .right {
    right: 30px;
    top: 50%;
    translate: 0 -50%;
  }
  .top {
    top: var(--s-2);
    left: 50%;
    translate: -50% 0;
  }
  .bottom {
    bottom: var(--s-2);
    left: 50%;
    translate: -50% 0;
  }
  .prior {
    position: absolute;
    z-index: 2;
    top: 0;
    left: 50%;
    translate: -50% 0;
    display: flex;
    align-items: center;
    gap: var(--s-3);
    padding: var(--s-1) var(--s-2) var(--s-1) var(--s-4);
    border-radius: 0 0 var(--r-2) var(--r-2);
    background: var(--c-warn-bg);
    color: var(--c-warn-text);
    white-space: nowrap;
  }
  .prior ~ .overlay .top {
    top: 48px;
  }
  .grown {
    position: absolute;
    z-index: 2;
    bottom: 44px;
    left: 50%;
    translate: -50% 0;
  }
  .stage.is-prior::after {
    content: '';
    position: absolute;
    inset: 0;
    border: 2px solid var(--c-warn-text);
    pointer-events: none;
  }
  .middle {
    position: absolute;
    inset: 0;
    display: grid;
    place-content: center;
    padding: var(--s-5);
  }
  .refused {
    display: grid;
    grid-template-columns: auto auto;
    justify-content: start;
    gap: 0 var(--s-4);
  }
  .refused dt {
    grid-column: 1 / -1;
  }
  .middle.quiet {
    color: var(--c-text-soft);
    pointer-events: none;
  }
  .slider {
    position: absolute;
    top: 0;
    bottom: 0;
    right: 0;
    width: 22px;
  }
  .slider input {
    writing-mode: vertical-lr;
    width: 22px;
    height: 100%;
    margin: 0;
    padding: 4px 0;
    appearance: none;
    background: linear-gradient(var(--c-line), var(--c-line)) center / 2px 100% no-repeat;
    cursor: pointer;
  }
  .slider input::-webkit-slider-thumb {
    appearance: none;
    width: 14px;
    height: 26px;
    border: 0;
    border-radius: 4px;
    background: var(--c-accent);
  }
  .slider input::-moz-range-thumb {
    width: 14px;
    height: 26px;
    border: 0;
    border-radius: 4px;
    background: var(--c-accent);
  }
  footer {
    grid-area: foot;
    display: flex;
    flex-wrap: wrap;
    justify-content: space-between;
    gap: 0 var(--s-4);
    min-height: 28px;
    padding: 4px var(--s-3);
    border-top: 1px solid var(--c-line);
    background: var(--c-surface);
    color: var(--c-text-soft);
    font-size: var(--f-mini);
  }
  .progress {
    display: inline-flex;
    align-items: center;
    gap: var(--s-2);
  }
  progress {
    width: 90px;
    height: 4px;
    accent-color: var(--c-accent);
  }
  .failed {
    color: var(--c-danger-text);
  }
  .keys {
    display: grid;
    grid-template-columns: auto 1fr;
    gap: var(--s-2) var(--s-4);
  }
  .keys dd {
    color: var(--c-text-soft);
  }
  .buttons {
    display: flex;
    justify-content: flex-end;
    margin-top: var(--s-4);
  }
  /* One row of tools at every width: words go first, then the preset buttons become a menu. */
  @container (max-width: 1040px) {
    .toolbar .words {
      display: none;
    }
  }
  @container (max-width: 880px) {
    .presets kbd {
      display: none;
    }
  }
  @container (max-width: 680px) {
    .presets {
      display: none;
    }
    select {
      display: block;
    }
  }
  @media (max-width: 900px) {
    :host {
      grid-template: 'tools' auto 'stage' minmax(0, 1fr) 'strip' auto 'foot' auto / minmax(0, 1fr);
    }
    .toolbar {
      overflow-x: auto;
      scrollbar-width: none;
    }
    .help {
      display: none;
    }
  }
`;
