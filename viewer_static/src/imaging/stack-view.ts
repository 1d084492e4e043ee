import { core, dicomImageLoader, startEngine } from './engine';
import { orFirstFailure, within } from './first-failure';
import { forLoader } from './loader-metadata';
import type { MouseTools, PrimaryTool } from './mouse-tools';
import { fetchAll, outwards } from './prefetch';
import type { Frame } from './series';

/** What is on the screen, as the overlay and the toolbar show it. */
export interface StackStatus {
  index: number;
  total: number;
  painted: boolean;
  window: { width: number; centre: number } | null;
  invert: boolean;
  zoom: number;
  loaded: number;
  failed: number;
}

const { Events, RequestType, ViewportType } = core.Enums;
const lanes = 4;
const patienceMs = 120_000;
let counter = 0;

/** One Cornerstone stack viewport in one element. Create it with `StackView.open`. */
export class StackView {
  private readonly id = `dokuei-${++counter}`;
  private readonly engine: core.RenderingEngine;
  private mouse: MouseTools | null = null;
  private chosen: PrimaryTool = 'window';
  private destroyed = false;
  private readonly resizes: ResizeObserver;
  private fetching = new AbortController();
  private frames: readonly Frame[] = [];
  private target = 0;
  private status: StackStatus = blank(0);
  private readonly done = new Set<number>();

  static async open(element: HTMLDivElement, onStatus: (status: StackStatus) => void): Promise<StackView> {
    await startEngine();
    return new StackView(element, onStatus);
  }

  private constructor(
    private readonly element: HTMLDivElement,
    private readonly onStatus: (status: StackStatus) => void,
  ) {
    this.engine = new core.RenderingEngine(this.id);
    this.engine.enableElement({ viewportId: this.id, type: ViewportType.STACK, element, defaultOptions: { background: [0, 0, 0] } });
    element.addEventListener(Events.IMAGE_RENDERED, this.onRendered);
    element.addEventListener('contextmenu', noMenu);
    this.resizes = new ResizeObserver(() => {
      if (element.clientWidth > 0 && element.clientHeight > 0) this.engine.resize(true, true);
    });
    this.resizes.observe(element);
  }

  /**
   * Show `frames`, beginning in the middle unless told, and fetch the rest in the background.
   * @throws what the loader threw when the first picture cannot be had.
   */
  async show(frames: readonly Frame[], start = Math.floor((frames.length - 1) / 2)): Promise<void> {
    this.fetching.abort();
    const fetching = (this.fetching = new AbortController());
    this.frames = frames;
    this.done.clear();
    this.target = start;
    this.tell({ ...blank(frames.length), index: start });
    for (const frame of frames) {
      if (frame.frameNumber === 1) dicomImageLoader.wadors.metaDataManager.add(frame.imageId, forLoader(frame.metadata) as never);
    }
    const first = frames[start];
    if (!first) return;
    await orFirstFailure(core.imageLoader.loadAndCacheImage(first.imageId, { priority: 5, requestType: RequestType.Interaction }));
    if (fetching.signal.aborted) return;
    this.done.add(start);
    await this.viewport.setStack(frames.map((frame) => frame.imageId), start);
    if (fetching.signal.aborted) return;
    this.viewport.resetCamera();
    this.viewport.render();
    // Without the tools the picture stays, with the keys and buttons; the next series asks for them again.
    void this.takeMouse()
      .catch(() => undefined)
      .then(() => this.fetchRest(start, fetching.signal));
  }

  scrollTo(index: number): void {
    const next = Math.max(0, Math.min(this.frames.length - 1, index));
    if (next === this.target && next === this.status.index) return;
    this.target = next;
    void this.viewport.setImageIdIndex(next).catch(() => this.tell({ index: this.viewport.getCurrentImageIdIndex() }));
  }

  scrollBy(step: number): void {
    this.scrollTo(this.target + step);
  }

  /** For cine: the next frame, from the start again after the last; stays while it has not arrived. */
  advance(): void {
    const next = (this.target + 1) % this.frames.length;
    if (this.done.has(next)) this.scrollTo(next);
  }

  setWindow(width: number, centre: number): void {
    this.viewport.setProperties({ voiRange: core.utilities.windowLevel.toLowHighRange(width, centre) });
    this.viewport.render();
  }

  defaultWindow(): void {
    const { invert } = this.viewport.getProperties();
    this.viewport.resetProperties();
    if (invert !== undefined) this.viewport.setProperties({ invert });
    this.viewport.render();
  }

  invert(): void {
    this.viewport.setProperties({ invert: !this.viewport.getProperties().invert });
    this.viewport.render();
  }

  zoomBy(factor: number): void {
    this.viewport.setZoom(Math.min(20, Math.max(0.2, this.viewport.getZoom() * factor)));
    this.viewport.render();
  }

  reset(): void {
    this.viewport.resetProperties();
    this.viewport.resetCamera();
    this.viewport.render();
  }

  choose(tool: PrimaryTool): void {
    this.chosen = tool;
    this.mouse?.choose(tool);
  }

  destroy(): void {
    this.destroyed = true;
    this.fetching.abort();
    this.resizes.disconnect();
    this.element.removeEventListener(Events.IMAGE_RENDERED, this.onRendered);
    this.element.removeEventListener('contextmenu', noMenu);
    this.mouse?.destroy();
    this.engine.destroy();
    core.cache.purgeCache();
  }

  private get viewport(): core.Types.IStackViewport {
    return this.engine.getViewport(this.id) as core.Types.IStackViewport;
  }

  /** The tools are as big as the renderer: they come once the first picture is on the screen. */
  private async takeMouse(): Promise<void> {
    if (this.mouse) return;
    const { MouseTools } = await import('./mouse-tools');
    if (this.mouse || this.destroyed) return;
    this.mouse = new MouseTools(this.id, this.element, this.id, this.id);
    this.mouse.choose(this.chosen);
  }

  private async fetchRest(start: number, signal: AbortSignal): Promise<void> {
    this.tell({ loaded: this.done.size });
    await fetchAll(
      outwards(this.frames.length, start).slice(1),
      lanes,
      (index) =>
        within(patienceMs, core.imageLoader.loadAndCacheImage((this.frames[index] as Frame).imageId, { priority: -5, requestType: RequestType.Prefetch })),
      (index, failed) => {
        if (!failed) this.done.add(index);
        this.tell({ loaded: this.done.size, failed: this.status.failed + (failed ? 1 : 0) });
      },
      signal,
    );
  }

  private readonly onRendered = (): void => {
    const { voiRange, invert } = this.viewport.getProperties();
    const window = voiRange ? core.utilities.windowLevel.toWindowLevel(voiRange.lower, voiRange.upper) : null;
    const index = this.viewport.getCurrentImageIdIndex();
    if (this.viewport.getTargetImageIdIndex() === index) this.target = index;
    this.tell({
      index,
      painted: this.frames.length > 0 && this.viewport.getImageIds().length > 0,
      window: window ? { width: window.windowWidth, centre: window.windowCenter } : null,
      invert: invert ?? false,
      zoom: this.viewport.getZoom(),
    });
  };

  private tell(change: Partial<StackStatus>): void {
    this.status = { ...this.status, ...change };
    this.onStatus(this.status);
  }
}

const blank = (total: number): StackStatus => ({ index: 0, total, painted: false, window: null, invert: false, zoom: 1, loaded: 0, failed: 0 });
const noMenu = (event: Event): void => event.preventDefault();
