import { searchSeries, seriesMetadata, thumbnailUrl } from '../api/dicomweb';
import { ApiError } from '../api/errors';
import { currentSession } from '../api/session';
import { number, text } from '../imaging/dicom-json';
import type { PrimaryTool } from '../imaging/mouse-tools';
import { type WindowPreset, ctPresets } from '../imaging/presets';
import { type ImageSeries, readSeries } from '../imaging/series';
import type { StackStatus, StackView } from '../imaging/stack-view';
import { type Stranger, StrangerImages, type Subject, requireOwn } from './image-guard';
import { Store } from './store';

export type { PrimaryTool } from '../imaging/mouse-tools';
export type { WindowPreset } from '../imaging/presets';

export interface SeriesEntry {
  seriesUid: string;
  modality: string;
  description: string;
  number: number | null;
  instances: number | null;
  thumbnail: string | null;
  images: ImageSeries | null;
}

export interface ViewerState {
  studyUid: string | null;
  series: SeriesEntry[];
  current: string | null;
  status: StackStatus | null;
  /** opening: nothing painted yet; empty: a series or study without pictures; refused: not this patient's. */
  phase: 'opening' | 'shown' | 'empty' | 'failed' | 'refused';
  error: ApiError | null;
  /** Why the images were refused. */
  stranger: Stranger | null;
  tool: PrimaryTool;
  playing: boolean;
}

/** Fetch the renderer before it is needed; a failure only means that it is fetched later. */
export const warmUp = (): Promise<unknown> => import('../imaging/stack-view').catch(() => undefined);

const defaultFrameTimeMs = 66;

/** The images of one study on the screen: which series, which slice, with which tool. */
export class Viewer extends Store<ViewerState> {
  private view: StackView | null = null;
  private element: HTMLDivElement | null = null;
  private subject: Subject = { patientId: '', siteCode: '' };
  private cine: ReturnType<typeof setInterval> | undefined;
  private turn = 0;
  private closed = false;

  constructor() {
    super({ studyUid: null, series: [], current: null, status: null, phase: 'opening', error: null, stranger: null, tool: 'window', playing: false });
  }

  get currentSeries(): SeriesEntry | null {
    return this.value.series.find((one) => one.seriesUid === this.value.current) ?? null;
  }

  /** Presets in HU make sense on CT only. */
  get presets(): readonly WindowPreset[] {
    return this.currentSeries?.modality === 'CT' ? ctPresets : [];
  }

  attach(element: HTMLDivElement): void {
    this.element = element;
  }

  /** Show a study of the case's patient; anybody else's images are refused, wherever they turn up. */
  async openStudy(studyUid: string, subject: Subject, { again = false } = {}): Promise<void> {
    if (!again && this.value.studyUid === studyUid && this.value.phase !== 'failed') return;
    const turn = ++this.turn;
    this.subject = subject;
    this.stop();
    this.patch({ studyUid, series: [], current: null, status: null, phase: 'opening', error: null, stranger: null });
    // The decoder is big: fetch it while the hub looks up the series.
    const imaging = import('../imaging/stack-view');
    imaging.catch(() => undefined);
    try {
      const found = await searchSeries(studyUid);
      if (turn !== this.turn) return;
      requireOwn(found, studyUid, subject, { issuedHere: true });
      const series = found.map(entry).sort((a, b) => likely(a) - likely(b) || (a.number ?? 1e9) - (b.number ?? 1e9));
      this.patch({ series });
      for (const one of series) {
        const images = await this.metadataOf(one.seriesUid, turn);
        if (turn !== this.turn) return;
        if (images && images.frames.length > 0) {
          await this.openSeries(one.seriesUid);
          break;
        }
      }
      if (turn !== this.turn) return;
      if (this.value.current === null) this.patch({ phase: 'empty' });
      for (const one of this.value.series) if (!one.images) await this.metadataOf(one.seriesUid, turn);
    } catch (error) {
      if (turn === this.turn) this.fail(error);
    }
  }

  async openSeries(seriesUid: string): Promise<void> {
    const turn = this.turn;
    this.stop();
    this.patch({ current: seriesUid, status: null, phase: 'opening', error: null });
    try {
      const images = this.currentSeries?.images ?? (await this.metadataOf(seriesUid, turn));
      const { StackView } = await import('../imaging/stack-view');
      if (turn !== this.turn || this.closed || this.value.current !== seriesUid || !this.element) return;
      if (!images || images.frames.length === 0) {
        await this.view?.show([]);
        this.patch({ phase: 'empty' });
        return;
      }
      if (!this.view) {
        const view = await StackView.open(this.element, (status) => this.follow(status));
        if (this.closed) return view.destroy();
        this.view = view;
        view.choose(this.value.tool);
      }
      await this.view.show(images.frames);
    } catch (error) {
      if (turn === this.turn && this.value.current === seriesUid) this.fail(error);
    }
  }

  stepSeries(step: 1 | -1): void {
    const at = this.value.series.findIndex((one) => one.seriesUid === this.value.current);
    const next = this.value.series[at + step];
    if (next) void this.openSeries(next.seriesUid);
  }

  async retry(): Promise<void> {
    const { studyUid, current } = this.value;
    if (current) await this.openSeries(current);
    else if (studyUid) await this.openStudy(studyUid, this.subject, { again: true });
  }

  scrollBy(step: number): void {
    this.view?.scrollBy(step);
  }

  scrollTo(index: number): void {
    this.view?.scrollTo(index);
  }

  choose(tool: PrimaryTool): void {
    this.patch({ tool });
    this.view?.choose(tool);
  }

  preset(key: string): boolean {
    const preset = this.presets.find((one) => one.key === key);
    if (preset) this.view?.setWindow(preset.width, preset.centre);
    return preset !== undefined;
  }

  defaultWindow(): void {
    this.view?.defaultWindow();
  }

  invert(): void {
    this.view?.invert();
  }

  zoomBy(factor: number): void {
    this.view?.zoomBy(factor);
  }

  reset(): void {
    this.view?.reset();
  }

  togglePlay(): void {
    if (this.value.playing) return this.stop();
    const images = this.currentSeries?.images;
    if (!images || images.frames.length < 2) return;
    this.patch({ playing: true });
    this.cine = setInterval(() => this.view?.advance(), images.frameTimeMs ?? defaultFrameTimeMs);
  }

  close(): void {
    this.closed = true;
    this.turn++;
    this.stop();
    this.view?.destroy();
    this.view = null;
  }

  private stop(): void {
    clearInterval(this.cine);
    if (this.value.playing) this.patch({ playing: false });
  }

  private follow(status: StackStatus): void {
    if (this.closed) return;
    this.patch({ status, phase: status.painted ? 'shown' : this.value.phase });
  }

  /** Take everything of this study off the screen: one contradiction makes the rest of it doubtful too. */
  private refuse(stranger: Stranger): void {
    this.turn++;
    this.stop();
    this.view?.destroy();
    this.view = null;
    this.patch({ series: [], current: null, status: null, phase: 'refused', error: null, stranger });
  }

  private async metadataOf(seriesUid: string, turn: number): Promise<ImageSeries | null> {
    const { studyUid } = this.value;
    if (!studyUid) return null;
    const instances = await seriesMetadata(studyUid, seriesUid);
    if (turn !== this.turn) return null;
    requireOwn(instances, studyUid, this.subject);
    const images = readSeries(location.origin, studyUid, seriesUid, instances);
    const middle = images.frames[Math.floor((images.frames.length - 1) / 2)];
    const thumbnail = middle ? thumbnailUrl(studyUid, seriesUid, middle.sopInstanceUid) : null;
    this.patch({ series: this.value.series.map((one) => (one.seriesUid === seriesUid ? { ...one, images, thumbnail } : one)) });
    return images;
  }

  private fail(error: unknown): void {
    if (error instanceof StrangerImages) return this.refuse(error.stranger);
    this.patch({ phase: 'failed', error: error instanceof ApiError ? error : null });
    // A frame was refused: if the session is over, the log-in page takes over from here.
    if (!(error instanceof ApiError)) void currentSession().catch(() => undefined);
  }
}

/** Series that cannot have pictures come last. */
const likely = (one: SeriesEntry): number => (/^(SR|PR|KO|DOC|SEG|RTSTRUCT|RTPLAN|REG|AU|ECG|HD)$/.test(one.modality) ? 1 : 0);

const entry = (one: Awaited<ReturnType<typeof searchSeries>>[number]): SeriesEntry => ({
  seriesUid: text(one, '0020000E'),
  modality: text(one, '00080060'),
  description: text(one, '0008103E'),
  number: number(one, '00200011'),
  instances: number(one, '00201209'),
  thumbnail: null,
  images: null,
});
