// Bodies are JSON in well-formed UTF-8, with the content type application/json and no other; an empty one is no body.
import type { App } from '../context.ts'
import { invalid, Problem } from '../problems.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true })

export function bodies(app: App): void {
  app.removeAllContentTypeParsers()
  // Refuses `__proto__` and `constructor` keys, which no body of ours has.
  const json = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    if (body.length === 0) return done(null, undefined)
    let text: string
    try {
      text = utf8.decode(body)
    } catch {
      return done(invalid([{ pointer: '', detail: 'the body is not well-formed UTF-8' }]))
    }
    json(request, text, done)
  })
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body: Buffer, done) => {
    if (body.length === 0) return done(null, undefined)
    done(new Problem('unsupported-media-type'))
  })
}
