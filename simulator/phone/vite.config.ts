// How the phone page is built: dist/phone, served by the simulator at /phone/.
import preact from '@preact/preset-vite'
import { defineConfig } from 'vite'

const simulator = process.env.SIMULATOR_URL ?? 'http://127.0.0.1:8090'

export default defineConfig({
  root: import.meta.dirname,
  base: '/phone/',
  plugins: [preact({ devToolsEnabled: false })],
  build: { outDir: '../../dist/phone', emptyOutDir: true, target: 'es2023', modulePreload: { polyfill: false } },
  server: { proxy: { '/simulator': { target: simulator, changeOrigin: true } } },
})
