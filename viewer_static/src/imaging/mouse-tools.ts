import * as core from '@cornerstonejs/core';
import * as tools from '@cornerstonejs/tools';

export type PrimaryTool = 'window' | 'pan' | 'zoom' | 'scroll';

const { MouseBindings } = tools.Enums;
const names: Record<PrimaryTool, string> = {
  window: tools.WindowLevelTool.toolName,
  pan: tools.PanTool.toolName,
  zoom: tools.ZoomTool.toolName,
  scroll: tools.StackScrollTool.toolName,
};

let started = false;

/** The tools hear of a viewport when it is enabled; the one that was there before them is announced again. */
function startTools(viewport: { element: HTMLDivElement; viewportId: string; renderingEngineId: string }): void {
  if (started) return;
  started = true;
  tools.init();
  core.triggerEvent(core.eventTarget, core.Enums.Events.ELEMENT_ENABLED, viewport);
  for (const tool of [tools.WindowLevelTool, tools.PanTool, tools.ZoomTool, tools.StackScrollTool]) tools.addTool(tool);
}

/** What the mouse does on one viewport: left as chosen, middle pans, right zooms, the wheel scrolls. */
export class MouseTools {
  private readonly group;

  constructor(private readonly groupId: string, element: HTMLDivElement, viewportId: string, renderingEngineId: string) {
    startTools({ element, viewportId, renderingEngineId });
    const group = tools.ToolGroupManager.createToolGroup(groupId);
    if (!group) throw new Error(`tool group ${groupId} exists already`);
    this.group = group;
    for (const name of Object.values(names)) group.addTool(name);
    group.addViewport(viewportId, renderingEngineId);
    this.choose('window');
  }

  choose(primary: PrimaryTool): void {
    for (const [tool, name] of Object.entries(names) as [PrimaryTool, string][]) {
      this.group.setToolPassive(name, { removeAllBindings: true });
      const bindings: { mouseButton?: number; numTouchPoints?: number }[] = [];
      if (tool === primary) bindings.push({ mouseButton: MouseBindings.Primary });
      if (tool === 'pan') bindings.push({ mouseButton: MouseBindings.Auxiliary });
      if (tool === 'zoom') bindings.push({ mouseButton: MouseBindings.Secondary }, { numTouchPoints: 2 });
      if (tool === 'scroll') bindings.push({ mouseButton: MouseBindings.Wheel }, { numTouchPoints: 1 });
      if (bindings.length > 0) this.group.setToolActive(name, { bindings });
    }
  }

  destroy(): void {
    tools.ToolGroupManager.destroyToolGroup(this.groupId);
  }
}
