// A TCP proxy that a fault test stands in: it passes bytes on until told to hold them back, to cut, or to refuse.

import type { AddressInfo } from 'node:net'
import { createServer, connect as dial, type Socket } from 'node:net'

export type Direction = 'up' | 'down'

export interface TcpProxy {
  readonly port: number
  /** From the first chunk on for which this is true, nothing more of that connection passes in that direction. */
  holdWhen(matches: (chunk: Buffer, direction: Direction) => boolean): void
  /** Resolves when something has been held. */
  held(withinMs?: number): Promise<void>
  /** Cuts what is open; with `refuse`, whoever dials is cut, too. */
  cut(options?: { refuse: boolean }): void
  /** As before: everybody passes. */
  heal(): void
  close(): Promise<void>
}

export async function startProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const open = new Set<Socket>()
  let refusing = false
  let matches: ((chunk: Buffer, direction: Direction) => boolean) | null = null
  let wasHeld = false
  const waiting = new Set<() => void>()

  const pass = (from: Socket, to: Socket, direction: Direction): void => {
    let holding = false
    from.on('data', (chunk: Buffer) => {
      if (!holding && matches?.(chunk, direction)) {
        holding = true
        wasHeld = true
        for (const told of waiting) told()
      }
      if (!holding) to.write(chunk)
    })
  }

  const server = createServer((client) => {
    if (refusing) {
      client.destroy()
      return
    }
    const upstream = dial(target)
    for (const socket of [client, upstream]) {
      open.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => {})
      socket.on('close', () => {
        open.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    pass(client, upstream, 'up')
    pass(upstream, client, 'down')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  const cut = (options = { refuse: false }): void => {
    refusing = options.refuse
    for (const socket of open) socket.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    holdWhen(test) {
      matches = test
      wasHeld = false
    },
    held: (withinMs = 15_000) =>
      new Promise((resolve, reject) => {
        if (wasHeld) return resolve()
        const late = setTimeout(() => reject(new Error(`Nothing was held within ${withinMs} ms`)), withinMs)
        waiting.add(() => {
          clearTimeout(late)
          resolve()
        })
      }),
    cut,
    heal() {
      refusing = false
      matches = null
    },
    async close() {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
