import { defineConfig } from 'vite';

const mock = 'http://127.0.0.1:8901';

export default defineConfig({
  build: {
    target: 'es2022',
    // A data: URL would need `font-src data:` in the policy the hub sends; every asset stays a file.
    assetsInlineLimit: 0,
    // The imaging chunk is big and loads only when a case is opened.
    chunkSizeWarningLimit: 6000,
  },
  worker: { format: 'es' },
  server: { proxy: { '/api': mock, '/dicomweb': mock, '/fhir': mock } },
});
