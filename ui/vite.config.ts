import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { apiTypes } from './api-types.ts'

const API_ORIGIN = process.env['POSTRIDER_UI_API'] ?? 'http://127.0.0.1:3000'

/** Built into `ui/dist`, which the API serves under `/settings/webhooks`. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: '/settings/webhooks/',
  plugins: [apiTypes(), react()],
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: true,
    // Data URLs would need holes in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/api': API_ORIGIN } },
})
