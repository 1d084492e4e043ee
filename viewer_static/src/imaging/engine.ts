import * as core from '@cornerstonejs/core';
import dicomImageLoader from '@cornerstonejs/dicom-image-loader';

let started: Promise<void> | undefined;

/** Start Cornerstone once: the renderer, and decoders in two workers. */
export function startEngine(): Promise<void> {
  started ??= start();
  return started;
}

async function start(): Promise<void> {
  core.init();
  dicomImageLoader.init({ maxWebWorkers: 2 });
  await Promise.resolve();
}

export { core, dicomImageLoader };
