// How the console is built: dist/console, served by the API at its root. In development a running API is proxied, with
// its cookie and its websocket, so that pages change while one looks at them.
import preact from '@preact/preset-vite'
import { defineConfig } from 'vite'

const api = process.env.PARLEY_API ?? 'http://127.0.0.1:8080'

export default defineConfig({
  root: import.meta.dirname,
  plugins: [preact({ devToolsEnabled: false })],
  build: {
    outDir: '../dist/console',
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/api': { target: api, ws: true, changeOrigin: true } } },
})
