/**
 * Wait for `work`, but also end when an error is thrown past it: Cornerstone's decoders report some
 * damaged pictures only as an unhandled rejection, and its own promise then never settles.
 */
export async function orFirstFailure<T>(work: Promise<T>): Promise<T> {
  let stray: (event: PromiseRejectionEvent) => void = () => undefined;
  const failure = new Promise<never>((_, reject) => {
    stray = (event) => {
      event.preventDefault();
      reject(event.reason instanceof Error ? event.reason : new Error(String(event.reason)));
    };
    addEventListener('unhandledrejection', stray);
  });
  try {
    return await Promise.race([work, failure]);
  } finally {
    removeEventListener('unhandledrejection', stray);
  }
}

/** Give up waiting after `ms`: one lost picture must not hold back the rest of its lane. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
