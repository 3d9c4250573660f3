// Builds the labeler's page into dist/web/label, which the API serves at /label/.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

export default defineConfig({
  base: '/label/',
  resolve: { alias: { '#sdk': fileURLToPath(new URL('../sdk', import.meta.url)) } },
  build: {
    outDir: fileURLToPath(new URL('../dist/web/label', import.meta.url)),
    emptyOutDir: true,
    // A strict content security policy: no inlined assets, and no need of a polyfill.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
