// What a service loads first, and alone. Where the Node that was called is too old for Parley, the one that came with its
// packages takes over; this process then only hands on what it is told, and ends with it. Nothing in here is newer than
// Node 18.
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'

const HANDED_OVER = 'PARLEY_HANDED_OVER'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const isNewEnough = major > 22 || (major === 22 && minor >= 18)

export async function onNewerNode(service: () => Promise<void>): Promise<void> {
  if (!isNewEnough) return handOver()
  if (process.env[HANDED_OVER] !== undefined) goWith()
  await service()
}

function handOver(): void {
  const node = newerNode()
  if (node === null) {
    console.error(
      `Parley needs Node 22.18 or newer, and this is ${process.versions.node}: run "npm ci" again, which brings a Node 24 along where there is one for this machine, or install Node 24 from https://nodejs.org.`,
    )
    process.exit(1)
  }
  const child = spawn(node, process.argv.slice(1), {
    env: { ...process.env, [HANDED_OVER]: '1' },
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    // In a group of its own, so that Ctrl-C reaches it once, through here.
    detached: true,
  })
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
  child.once('error', (error) => {
    console.error(`${node} could not be started: ${error.message}`)
    process.exit(1)
  })
  child.once('exit', (code) => process.exit(code ?? 1))
}

/** Whoever kills the one that was called means this one. */
function goWith(): void {
  delete process.env[HANDED_OVER]
  process.once('disconnect', () => process.exit(1))
  process.channel?.unref()
}

function newerNode(): string | null {
  const { platform, arch } = process
  const name = platform === 'win32' ? `node-win-${arch}/bin/node.exe` : `node-${platform}-${arch}/bin/node`
  try {
    return createRequire(import.meta.url).resolve(name)
  } catch {
    return null
  }
}
