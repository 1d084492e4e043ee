import { css, html, type TemplateResult } from 'lit';
import type { Report } from '../api/types';
import { eraDate, jstDateTime } from '../i18n/dates';
import { t } from '../i18n/texts';

export const reportTextStyles = css`
  .prose {
    font-size: var(--f-large);
    line-height: var(--lh-prose);
    white-space: pre-wrap;
    overflow-wrap: anywhere;
    max-width: 46em;
  }
  .prose.none {
    color: var(--c-text-soft);
  }
  .part + .part {
    margin-top: var(--s-5);
  }
  .part h2,
  .part h3 {
    margin-bottom: var(--s-1);
    font-size: var(--f-small);
    color: var(--c-text-soft);
    letter-spacing: 0.04em;
  }
  .signature {
    display: flex;
    flex-wrap: wrap;
    gap: var(--s-1) var(--s-5);
    margin-top: var(--s-5);
    padding-top: var(--s-3);
    border-top: 1px solid var(--c-line);
    font-size: var(--f-small);
  }
  .signature dt {
    display: inline;
    color: var(--c-text-soft);
    margin-right: var(--s-2);
  }
  .signature dd {
    display: inline;
  }
`;

/** Findings, impression, and who stands for them: plain text, escaped by the template. */
export function reportText(report: Report, heading: 2 | 3): TemplateResult {
  const title = (text: string): TemplateResult => (heading === 2 ? html`<h2>${text}</h2>` : html`<h3>${text}</h3>`);
  const part = (name: string, text: string): TemplateResult =>
    html`<section class="part">
      ${title(name)}
      <p class="prose ${text ? '' : 'none'}">${text || t('case.none')}</p>
    </section>`;
  return html`
    ${part(t('report.findings'), report.findings)} ${part(t('report.impression'), report.impression)}
    ${report.state === 'draft' ? draftFoot(report) : signature(report)}
  `;
}

/** Who is writing, and how old these words are: nothing here is signed. */
const draftFoot = (report: Report): TemplateResult =>
  html`<dl class="signature">
    <div><dt>${t('report.written_by')}</dt><dd>${report.author.name}</dd></div>
    ${report.saved_at ? html`<div><dt>${t('report.saved_at')}</dt><dd class="num">${jstDateTime(report.saved_at)} JST</dd></div>` : null}
  </dl>`;

function signature(report: Report): TemplateResult {
  const signed = jstDateTime(report.signed_at);
  return html`
    <dl class="signature">
      <div><dt>${t('report.signed_by')}</dt><dd>${report.signed_by?.name ?? ''}</dd></div>
      ${report.reading_site ? html`<div><dt>${t('report.reading_site')}</dt><dd>${report.reading_site.name}</dd></div>` : null}
      <div>
        <dt>${t('report.signed_at')}</dt>
        <dd class="num">${signed} JST${signed ? html`（${eraDate(signed.slice(0, 10))}）` : null}</dd>
      </div>
      <div><dt>${t('report.version')}</dt><dd class="num">${report.version}</dd></div>
    </dl>
  `;
}
