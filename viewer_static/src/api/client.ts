import { fromBody, unreachable } from './errors';

type Query = Record<string, string | number | string[] | undefined>;

let onSignedOut: () => void = () => {};

/** Called whenever the hub says that there is no session (any more). */
export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener;
}

/** Browsers let a request outlive its page only while the body is small (64 KiB in all). */
const keptAliveBytes = 60_000;

/**
 * One JSON request to the hub. With `keepalive` it is sent even while the page goes away.
 *
 * @throws ApiError for every non-2xx answer and when the hub cannot be reached.
 */
export async function request<T>(method: string, path: string, body?: unknown, query?: Query, keepalive = false): Promise<T> {
  const init: RequestInit = { method, credentials: 'same-origin', cache: 'no-store' };
  const said = body === undefined ? undefined : JSON.stringify(body, withoutNul);
  if (keepalive && new Blob([said ?? '']).size < keptAliveBytes) init.keepalive = true;
  if (said !== undefined) {
    init.body = said;
    init.headers = { 'Content-Type': 'application/json' };
  }
  let response: Response;
  try {
    response = await fetch(path + queryString(query), init);
  } catch {
    throw unreachable();
  }
  const text = response.status === 204 ? '' : await response.text();
  const parsed: unknown = text ? safeParse(text) : undefined;
  if (!response.ok) {
    const error = fromBody(response.status, parsed);
    // Every other 401 (a wrong password) belongs to the form that asked.
    if (error.status === 401 && error.code !== 'wrong_password') onSignedOut();
    throw error;
  }
  return parsed as T;
}

function queryString(query: Query | undefined): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value === undefined || value === '') continue;
    for (const one of Array.isArray(value) ? value : [String(value)]) params.append(key, one);
  }
  const text = params.toString();
  return text ? `?${text}` : '';
}

/** The hub refuses NUL, and nobody would find it in a text that was pasted. */
const withoutNul = (_key: string, value: unknown): unknown => (typeof value === 'string' ? value.replaceAll('\0', '') : value);

function safeParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
