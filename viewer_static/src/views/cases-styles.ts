import { css } from 'lit';

/** The case list: a dense table on a desk, cards on a phone. */
export const casesStyles = css`
  :host {
    display: block;
    padding: var(--s-4) var(--s-4) var(--s-7);
  }
  .bar {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--s-2) var(--s-4);
    margin-bottom: var(--s-3);
  }
  h1 {
    font-size: var(--f-title);
  }
  dk-search {
    flex: 0 1 340px;
    margin-left: auto;
  }
  .frame {
    border: 1px solid var(--c-line);
    border-radius: var(--r-3);
    background: var(--c-surface);
    overflow: clip;
  }
  table {
    width: 100%;
    border-collapse: collapse;
    table-layout: fixed;
  }
  th {
    padding: var(--s-2) var(--s-3);
    border-bottom: 1px solid var(--c-line);
    color: var(--c-text-soft);
    font-size: var(--f-mini);
    font-weight: var(--w-medium);
    text-align: left;
    white-space: nowrap;
  }
  td {
    height: 3.625rem;
    padding: var(--s-1) var(--s-3);
    border-bottom: 1px solid var(--c-line);
    vertical-align: middle;
    line-height: 1.45;
    overflow: hidden;
    text-overflow: ellipsis;
  }
  table[aria-busy='true'] tbody {
    opacity: 0.5;
    transition: opacity 120ms 180ms;
  }
  tbody tr:last-child td {
    border-bottom: 0;
  }
  tbody tr {
    cursor: pointer;
  }
  tbody tr:hover {
    background: color-mix(in srgb, var(--c-accent-soft) 45%, transparent);
  }
  tbody tr.selected {
    background: var(--c-accent-soft);
    box-shadow: inset 3px 0 var(--c-accent);
  }
  .w-state {
    width: 5.75rem;
  }
  .w-due {
    width: 5.75rem;
  }
  .w-patient {
    width: 21%;
  }
  .w-modality {
    width: 4.375rem;
  }
  .w-date {
    width: 6.75rem;
  }
  .w-site {
    width: 10%;
  }
  .w-images {
    width: 4.875rem;
  }
  .w-reader {
    width: 6.25rem;
  }
  .patient {
    color: inherit;
    text-decoration: none;
    display: block;
  }
  .patient:focus-visible {
    outline-offset: 0;
    border-radius: var(--r-1);
  }
  .name {
    font-size: 1.0625rem;
    font-weight: var(--w-medium);
    overflow-wrap: anywhere;
  }
  .kana,
  .small {
    font-size: var(--f-mini);
    color: var(--c-text-soft);
  }
  .kana {
    margin-left: var(--s-2);
    white-space: nowrap;
  }
  .clip {
    display: -webkit-box;
    -webkit-box-orient: vertical;
    -webkit-line-clamp: 2;
    overflow: hidden;
    overflow-wrap: anywhere;
  }
  .one {
    display: block;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .modality {
    font-weight: var(--w-bold);
    letter-spacing: 0.03em;
  }
  .overdue {
    color: var(--c-danger-text);
    font-weight: var(--w-bold);
  }
  tbody tr.late {
    background: color-mix(in srgb, var(--c-danger-bg) 45%, transparent);
    box-shadow: inset 4px 0 var(--c-danger);
  }
  tbody tr.late.selected {
    background: var(--c-accent-soft);
  }
  .late-word,
  .late-sum {
    display: block;
    width: fit-content;
    padding: 0 7px;
    border-radius: var(--r-1);
    background: var(--c-danger);
    color: var(--c-on-danger);
    font-size: var(--f-mini);
    font-weight: var(--w-bold);
    line-height: 1.6;
    white-space: nowrap;
  }
  .next {
    display: block;
    width: fit-content;
    margin-top: 3px;
    padding: 0 7px;
    border: 1px solid var(--c-accent);
    border-radius: var(--r-1);
    color: var(--c-accent);
    font-size: var(--f-mini);
    font-weight: var(--w-bold);
    line-height: 1.5;
    white-space: nowrap;
  }
  .foot {
    display: flex;
    align-items: center;
    justify-content: space-between;
    gap: var(--s-3);
    min-height: 44px;
    padding-top: var(--s-2);
    color: var(--c-text-soft);
    font-size: var(--f-mini);
  }
  dk-banner {
    margin-bottom: var(--s-3);
  }
  @media (max-width: 1100px) {
    .c-images,
    .c-reader {
      display: none;
    }
  }
  @media (min-width: 761px) and (max-width: 1360px) {
    th,
    td {
      padding-inline: var(--s-2);
    }
    .c-date {
      white-space: nowrap;
    }
  }
  @media (max-width: 760px) {
    :host {
      padding: var(--s-3) var(--s-2);
    }
    dk-search {
      flex: 1 0 100%;
    }
    thead {
      position: absolute;
      clip-path: inset(50%);
    }
    table,
    tbody {
      display: block;
    }
    tbody tr {
      display: grid;
      grid-template-columns: auto 1fr auto;
      gap: 2px var(--s-3);
      padding: var(--s-3);
      border-bottom: 1px solid var(--c-line);
    }
    td {
      display: block;
      height: auto;
      padding: 0;
      border: 0;
    }
    .c-state {
      order: 1;
    }
    .c-due {
      order: 2;
      display: flex;
      gap: var(--s-2);
      align-items: center;
    }
    .c-modality {
      order: 3;
      text-align: right;
    }
    .c-patient {
      order: 4;
      grid-column: 1 / -1;
    }
    .c-study {
      order: 5;
      grid-column: 1 / 3;
    }
    .c-date {
      order: 6;
      text-align: right;
    }
    .c-reason {
      order: 7;
      grid-column: 1 / -1;
    }
    .c-site,
    .c-reader {
      order: 8;
      font-size: var(--f-mini);
      color: var(--c-text-soft);
    }
    .c-site {
      grid-column: 1 / 3;
    }
    .keys {
      display: none;
    }
  }
`;
