import { html, type TemplateResult } from 'lit';
import { t } from '../i18n/texts';
import type { SeriesEntry, ViewerState } from '../state/viewer';

const round = (value: number): string => String(Math.round(value * 10) / 10);

/** The text in the corners of the picture and the letters at its edges. */
export function overlay(images: NonNullable<SeriesEntry['images']>, status: NonNullable<ViewerState['status']>): TemplateResult {
  const frame = images.frames[status.index];
  const { window } = status;
  const unit = images.modality === 'CT' ? ' HU' : '';
  return html`<div class="overlay num">
    <div class="corner tl">
      <div>${images.modality}${images.seriesNumber === null ? '' : `  S${images.seriesNumber}`}</div>
      <div>${images.description}</div>
    </div>
    <div class="corner tr">
      ${images.lossy ? html`<div class="lossy" data-testid="viewer-lossy">${images.lossyRatio ? t('viewer.lossy_ratio', { ratio: round(images.lossyRatio) }) : t('viewer.lossy')}</div>` : null}
      ${images.calibrated ? null : html`<div>${t('viewer.uncalibrated')}</div>`}
    </div>
    <div class="corner bl">
      ${frame?.positionMm === null || frame === undefined ? null : html`<div>${t('viewer.position', { mm: round(frame.positionMm) })}</div>`}
      ${images.thicknessMm === null ? null : html`<div>${t('viewer.thickness', { mm: round(images.thicknessMm) })}</div>`}
      <div class="slice" data-testid="viewer-slice">${t('viewer.slice_of', { n: status.index + 1, total: status.total })}</div>
    </div>
    <div class="corner br">
      <div>${t('viewer.zoom_value', { n: Math.round(status.zoom * 100) })}</div>
      ${window ? html`<div data-testid="viewer-window">W ${Math.round(window.width)} L ${Math.round(window.centre)}${unit}</div>` : null}
    </div>
    ${frame
      ? html`<span class="edge left">${frame.edges.left}</span><span class="edge right">${frame.edges.right}</span
          ><span class="edge top">${frame.edges.top}</span><span class="edge bottom">${frame.edges.bottom}</span>`
      : null}
  </div>`;
}
