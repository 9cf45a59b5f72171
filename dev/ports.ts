// Free ports of the loopback interface.
import { createServer } from 'node:net'

const LOWEST = 20_000
const HIGHEST = 32_000

export function isFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)))
  })
}

/**
 * A port that is free together with those at the given distances from it. Chosen at random below the range that the
 * system hands to outgoing connections, so that two who choose at once hardly ever meet.
 */
export async function freePort(distances: readonly number[] = []): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST))
    const free = await Promise.all([0, ...distances].map((distance) => isFree(port + distance)))
    if (free.every(Boolean)) return port
  }
  throw new Error('No free port was found on 127.0.0.1.')
}
