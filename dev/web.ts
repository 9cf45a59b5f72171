// The two web apps, built by vite: the console for the people who work with Parley, the phone page of the simulator.
import { join } from 'node:path'
import { type Artifact, ROOT } from './artifact.ts'

const webApp = (name: string, folder: string): Artifact => ({
  name,
  sources: [folder, 'package-lock.json'],
  make: async (outDir) => {
    // Loaded only when something has to be built: it takes half a second.
    const { build } = await import('vite')
    const root = join(ROOT, folder)
    await build({
      root,
      configFile: join(root, 'vite.config.ts'),
      logLevel: 'warn',
      build: { outDir, emptyOutDir: true },
    })
  },
})

export const consoleApp: Artifact = webApp('console', 'console')
export const phonePage: Artifact = webApp('phone', 'simulator/phone')
