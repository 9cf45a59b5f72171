// The two small pages that the API itself draws, for whoever has no account to sign in with yet.
import type { FastifyReply } from 'fastify'
import type { App } from './context.ts'

/** In the routes of `app` alone: nothing else takes what a form sends. */
export function acceptForms(app: App): void {
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: 16_384 },
    (_request, body, done) => {
      done(null, Object.fromEntries(new URLSearchParams(String(body))))
    },
  )
}

/** Of a form on a page that tells no referrer a browser does not say whose it is (`Origin: null`), and it would be refused. */
export const asPage = (reply: FastifyReply): FastifyReply =>
  reply.type('text/html; charset=utf-8').header('referrer-policy', 'same-origin')

export const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

export const formPage = (title: string, body: string): string => `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Parley: ${title}</title></head>
<body><main><h1>Parley</h1>${body}</main></body>
</html>`

export const problemLine = (wrong: string): string => (wrong === '' ? '' : `<p role="alert">${escaped(wrong)}</p>`)
