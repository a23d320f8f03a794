import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Where `npm run dev` and `npm run preview` send the API's calls; the server of `npm start` by default. */
const target = process.env.PICULUS_SERVER ?? 'http://127.0.0.1:7070';
const proxy = { '/api': { target, changeOrigin: false } };

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
  server: { proxy },
  preview: {
    proxy,
    // As the server sends it, so that a style or script that it refuses is seen before.
    headers: {
      'content-security-policy':
        "default-src 'none';script-src 'self';style-src 'self';img-src 'self' data:;font-src 'self';connect-src 'self';base-uri 'none';form-action 'self';frame-ancestors 'none'",
    },
  },
});
