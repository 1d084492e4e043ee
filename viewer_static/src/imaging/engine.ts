import * as core from '@cornerstonejs/core';
import dicomImageLoader from '@cornerstonejs/dicom-image-loader';
import * as tools from '@cornerstonejs/tools';

let started: Promise<void> | undefined;

/** Start Cornerstone once: renderer, decoders in two workers, the tools of the stack viewport. */
export function startEngine(): Promise<void> {
  started ??= start();
  return started;
}

async function start(): Promise<void> {
  core.init();
  dicomImageLoader.init({ maxWebWorkers: 2 });
  tools.init();
  for (const tool of [tools.WindowLevelTool, tools.PanTool, tools.ZoomTool, tools.StackScrollTool]) tools.addTool(tool);
  await Promise.resolve();
}

export { core, dicomImageLoader, tools };
