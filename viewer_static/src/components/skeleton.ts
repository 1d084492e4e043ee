import { css } from 'lit';

/** Grey bars in the place of text that is on its way, so that nothing jumps when it arrives. */
export const skeletonStyles = css`
  .bone {
    display: block;
    height: 0.9em;
    border-radius: var(--r-1);
    background: var(--c-sunken);
    animation: bone 1.4s ease-in-out infinite alternate;
  }
  @keyframes bone {
    from {
      opacity: 1;
    }
    to {
      opacity: 0.45;
    }
  }
`;
