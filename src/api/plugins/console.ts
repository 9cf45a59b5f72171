// The console's built files, and its one page for every address that a person may open in it.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import staticFiles from '@fastify/static'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { App } from '../context.ts'
import { notFound } from './errors.ts'

// Both src/ and dist/ are one level below the root, so that this holds for sources and for what is built from them.
export const consoleFolder = fileURLToPath(new URL('../../../dist/console/', import.meta.url))

const YEAR = 'public, max-age=31536000, immutable'
const OURS = /^\/(api|webhooks|docs|problems|metrics|healthz|readyz|setup|invitation)(\/|$)/

export async function consoleFiles(app: App): Promise<void> {
  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, access: 'public' }
    route.schema = { ...route.schema, hide: true }
  })
  await app.register(staticFiles, {
    root: consoleFolder,
    prefix: '/',
    index: 'index.html',
    cacheControl: false,
    setHeaders(reply, path) {
      // The names of assets carry their contents' hash; everything else is asked for again.
      reply.header('cache-control', /[\\/]assets[\\/]/.test(path) ? YEAR : 'no-cache')
    },
  })
}

/** A person who opens an address of the console gets the console, which knows its own addresses. */
export function consoleOrNotFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = request.url.split('?', 1)[0] ?? ''
  const wantsPage = request.method === 'GET' && (request.headers.accept ?? '').includes('text/html')
  if (!wantsPage || OURS.test(path) || !existsSync(`${consoleFolder}index.html`)) return notFound(request, reply)
  return reply.header('cache-control', 'no-cache').sendFile('index.html')
}
