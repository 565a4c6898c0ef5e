import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// The API lives on the same origin; in development Vite stands in front of a running system.
const api = { target: 'http://127.0.0.1:8000', changeOrigin: false };

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [react()],
  // Libs are read as sources, as everywhere else.
  resolve: { conditions: ['@nightjar/source', 'module', 'browser', 'import', 'default'] },
  // Beside the type declarations of tsc, which must survive a new site. No asset is inlined: the NVR's content policy has no data: URLs.
  build: { outDir: 'dist/site', emptyOutDir: true, sourcemap: false, assetsInlineLimit: 0 },
  server: { proxy: { '/api': { ...api, ws: true }, '/1/': api, '/.well-known': api } },
});
