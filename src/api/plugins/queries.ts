// What may stand behind the question mark of the API: the parameters that a route describes and no others, so that a
// misspelt filter is an error instead of a list that was never filtered. Here for all of them, so that no route can
// forget it. Beside the API others decide what they append: Meta, a mail that links here, whoever asks for health.
import { z } from 'zod'
import type { App } from '../context.ts'

export function knownParametersOnly(app: App): void {
  app.addHook('onRoute', (route) => {
    if (!route.url.startsWith('/api/')) return
    const described = route.schema?.querystring ?? z.object({})
    if (!(described instanceof z.ZodObject)) throw new Error(`The parameters of ${route.url} are no object of zod.`)
    route.schema = { ...route.schema, querystring: described.strict() }
  })
}
