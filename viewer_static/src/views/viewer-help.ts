import { html, type TemplateResult } from 'lit';
import { t } from '../i18n/texts';
import type { WindowPreset } from '../state/viewer';

/** The cheat sheet (`?`). */
export function keyHelp(open: boolean, presets: readonly WindowPreset[], close: () => void): TemplateResult {
  const row = (keys: string, what: string): TemplateResult => html`<dt>${keys.split(' ').map((key) => html`<kbd>${key}</kbd> `)}</dt><dd>${what}</dd>`;
  return html`<dk-dialog .open=${open} .heading=${t('viewer.keys_title')} @dk-close=${close}>
    <dl class="keys">
      ${row('↑ ↓', t('viewer.key_scroll'))} ${row('PageUp PageDown', t('viewer.key_page'))} ${row('Home End', t('viewer.key_ends'))}
      ${row('← →', t('viewer.key_series'))} ${row('W P Z S', [t('viewer.window'), t('viewer.pan'), t('viewer.zoom'), t('viewer.scroll')].join(' / '))}
      ${row('+ −', t('viewer.zoom'))} ${row('I', t('viewer.invert'))} ${row('R', t('viewer.reset'))} ${row('0', t('viewer.key_default'))}
      ${presets.length > 0 ? row('1 – 6', t('viewer.key_presets')) : null} ${row('Space', `${t('viewer.play')} / ${t('viewer.pause')}`)}
      ${row('E', t('viewer.key_report'))} ${row('Esc', t('viewer.key_leave'))} ${row('Ctrl+Enter', t('report.sign'))}
      <dt>${t('viewer.mouse_wheel')}</dt><dd>${t('viewer.scroll')}</dd>
      <dt>${t('viewer.mouse_left')}</dt><dd>${[t('viewer.window'), t('viewer.pan'), t('viewer.zoom'), t('viewer.scroll')].join(' / ')}</dd>
      <dt>${t('viewer.mouse_middle')}</dt><dd>${t('viewer.pan')}</dd>
      <dt>${t('viewer.mouse_right')}</dt><dd>${t('viewer.zoom')}</dd>
    </dl>
    <div class="buttons"><button class="button" data-autofocus @click=${close}>${t('common.close')}</button></div>
  </dk-dialog>`;
}
