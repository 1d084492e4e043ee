import { css } from 'lit';

/** 患者の確認: one card a question, the two sides beside each other; on a phone below each other's labels. */
export const patientsStyles = css`
  :host {
    display: block;
    max-width: 980px;
    margin: 0 auto;
    padding: var(--s-5) var(--s-4) var(--s-7);
  }
  .bar {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--s-2) var(--s-5);
    margin-bottom: var(--s-2);
  }
  h1 {
    font-size: var(--f-display);
  }
  .lead {
    margin-bottom: var(--s-4);
    color: var(--c-text-soft);
    line-height: var(--lh-prose);
  }
  article {
    margin-bottom: var(--s-4);
    padding: var(--s-4);
    border: 1px solid var(--c-line);
    border-radius: var(--r-3);
    background: var(--c-surface);
  }
  h2 {
    font-size: var(--f-large);
  }
  .small {
    font-size: var(--f-mini);
    color: var(--c-text-soft);
    overflow-wrap: anywhere;
  }
  table {
    width: 100%;
    margin: var(--s-3) 0;
    border-collapse: collapse;
    table-layout: fixed;
  }
  th,
  td {
    padding: var(--s-2) var(--s-3);
    border-bottom: 1px solid var(--c-line);
    text-align: left;
    overflow-wrap: anywhere;
  }
  th {
    color: var(--c-text-soft);
    font-size: var(--f-small);
    font-weight: var(--w-medium);
  }
  th:first-child {
    width: 9rem;
  }
  tr.differs td {
    background: var(--c-unread-bg);
    font-weight: var(--w-bold);
  }
  .mark {
    margin-left: var(--s-2);
    color: var(--c-unread-text);
    font-size: var(--f-mini);
    white-space: nowrap;
  }
  .search {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--s-2);
    margin-bottom: var(--s-4);
  }
  .search .input {
    flex: 1 1 14rem;
    width: auto;
  }
  .found {
    margin: 0 0 var(--s-4);
    padding: 0;
    list-style: none;
  }
  .found li {
    display: flex;
    align-items: center;
    justify-content: space-between;
    gap: var(--s-3);
    padding: var(--s-2) var(--s-3);
    border-bottom: 1px solid var(--c-line);
  }
  .deeds,
  .ends {
    display: flex;
    flex-wrap: wrap;
    gap: var(--s-2);
  }
  .ends {
    justify-content: flex-end;
    margin-top: var(--s-4);
  }
  .fields {
    display: grid;
    gap: var(--s-3);
    margin: var(--s-3) 0;
  }
  .prose {
    line-height: var(--lh-prose);
  }
  .foot {
    text-align: center;
  }
  @media (max-width: 640px) {
    :host {
      padding: var(--s-3) var(--s-2);
    }
    th:first-child {
      width: 5.5rem;
    }
    th,
    td {
      padding: var(--s-2) var(--s-1);
    }
  }
`;
