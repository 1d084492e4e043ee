import { html, type TemplateResult } from 'lit';
import type { PeerChange } from '../api/peers';
import { jstDateTime } from '../i18n/dates';
import { t } from '../i18n/texts';
import { fieldOf } from '../state/peer-fields';

/** What was done to a peer's settings, the newest first. */
export function peerHistory(changes: PeerChange[]): TemplateResult {
  if (changes.length === 0) return html`<p class="soft">${t('peer.history_none')}</p>`;
  return html`<ol class="history" data-testid="peer-history">
    ${changes.map(
      (one) => html`<li>
        <div class="small num">${jstDateTime(one.at)}　${one.actor}　${t(`peer.deed_${one.deed}`)}</div>
        ${one.deed === 'change'
          ? html`<ul>
              ${one.changes.map((change) => {
                const field = fieldOf[change.name];
                return html`<li><span class="soft">${field ? t(`peer.f_${field}`) : change.name}</span>　${text(change.before)} → <strong>${text(change.after)}</strong></li>`;
              })}
            </ul>`
          : null}
      </li>`,
    )}
  </ol>`;
}

function text(value: unknown): string {
  if (typeof value === 'boolean') return t(value ? 'peer.yes' : 'peer.no');
  if (value === null || value === '' || (Array.isArray(value) && value.length === 0)) return t('peer.none');
  return Array.isArray(value) ? value.join(', ') : String(value);
}
