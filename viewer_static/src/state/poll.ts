/**
 * Run `work` now and then every `everyMs`, never twice at once and not while the page is hidden.
 * Returns the function that ends it.
 */
export function poll(work: () => Promise<void>, everyMs: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ended = false;
  let running = false;
  const turn = async (): Promise<void> => {
    if (ended || running) return;
    clearTimeout(timer);
    running = true;
    try {
      if (!document.hidden) await work();
    } finally {
      running = false;
      if (!ended) timer = setTimeout(() => void turn(), everyMs);
    }
  };
  const wake = (): void => {
    if (!document.hidden) void turn();
  };
  document.addEventListener('visibilitychange', wake);
  void turn();
  return () => {
    ended = true;
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', wake);
  };
}
