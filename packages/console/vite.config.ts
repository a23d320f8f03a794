import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Where `npm run dev` sends the API's calls; the server of `npm start` by default. */
const server = 'http://127.0.0.1:7070';

export default defineConfig({
  plugins: [react()],
  // The contract comes from its sources, so that a build never sees a stale one.
  resolve: { conditions: ['piculus-source', 'module', 'browser', 'import', 'default'] },
  build: {
    target: 'es2022',
    // Source maps would be half of the package, and whoever debugs has the sources.
    sourcemap: false,
    // Small files as data: addresses would need a wider content security policy.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
  },
  server: {
    proxy: { '/api': { target: server, changeOrigin: false } },
  },
});
