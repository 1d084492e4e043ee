// For development only: mock hub on 127.0.0.1, with the built application under the hub's own policy.
//   node dev/server.mjs [port]      (8901 unless told; 0 lets the system choose; MOCK_DELAY=ms slows every answer)
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { api, personOf, Refusal } from './api.mjs';
import { dicomweb } from './dicomweb.mjs';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2', '.wasm': 'application/wasm', '.map': 'application/json' };
const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; connect-src 'self' blob: data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";
const delay = Number(process.env.MOCK_DELAY ?? 0);

const send = (response, status, body, headers = {}) => {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...headers });
  response.end(body === null ? undefined : JSON.stringify(body));
};

async function asset(path, response) {
  const file = join(dist, normalize(path));
  const wanted = extname(path) ? file : join(dist, 'index.html');
  try {
    const data = await readFile(wanted);
    response.writeHead(200, { 'Content-Type': types[extname(wanted)] ?? 'application/octet-stream', 'Content-Security-Policy': policy });
    response.end(data);
  } catch {
    send(response, 404, null);
  }
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url ?? '/', 'http://mock');
  if (delay) await new Promise((resolve) => setTimeout(resolve, delay));
  try {
    if (url.pathname.startsWith('/api/')) {
      let text = '';
      for await (const part of request) text += part;
      const [status, body, headers] = api(request, url.pathname, url.searchParams, text ? JSON.parse(text) : null);
      send(response, status, body, headers);
    } else if (url.pathname.startsWith('/dicomweb/')) {
      if (!personOf(request)) send(response, 401, { error: { code: 'not_signed_in', message: { ja: '', en: '' }, next_step: { ja: '', en: '' } } });
      else if (!dicomweb(request, response, url.pathname)) send(response, 404, { error: { code: 'not_found', message: { ja: '見つかりません。', en: 'Not found.' }, next_step: { ja: '', en: '' } } });
    } else await asset(url.pathname, response);
  } catch (error) {
    if (error instanceof Refusal) send(response, error.status, error.body);
    else {
      console.error(error);
      send(response, 500, { error: 'mock failed' });
    }
  }
});
server.listen(Number(process.argv[2] ?? 8901), '127.0.0.1', () => console.log(`mock hub http://127.0.0.1:${server.address().port}`));
