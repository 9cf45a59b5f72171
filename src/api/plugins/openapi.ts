// The description of the API, made from the schemas that validate its requests and answers, and the page that shows it,
// served from here alone.
import swagger from '@fastify/swagger'
import reference from '@scalar/fastify-api-reference'
import { jsonSchemaTransform, jsonSchemaTransformObject, serializerCompiler } from 'fastify-type-provider-zod'
import type { App } from '../context.ts'
import { PROBLEM_CODES, problemSchema } from '../problems.ts'
import { docsNonce, docsPolicy } from './security.ts'

const DESCRIPTION = `Errors are RFC 9457 problem documents with a stable \`code\` (${PROBLEM_CODES.join(', ')}).
Commands on sessions and messages take an \`Idempotency-Key\` header, where they do not say otherwise: a repeat with the
same key gets the first answer. Lists are \`{items, next}\` and go on with \`?cursor=<next>\`. Fields and parameters that
are not described here are refused. Times are ISO 8601, UTC.`

export async function openapi(app: App, version: string): Promise<void> {
  app.setSerializerCompiler(serializerCompiler)
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Parley', version, description: DESCRIPTION },
      components: {
        securitySchemes: {
          cookie: { type: 'apiKey', in: 'cookie', name: 'parley', description: '`__Host-parley` over https' },
          bearer: { type: 'http', scheme: 'bearer' },
        },
      },
    },
    transform: (document) => {
      const right = document.route.config?.access
      if (right === undefined || document.schema?.hide === true) return jsonSchemaTransform(document)
      const open = right === 'public' || right === 'webhook'
      // Any request can be refused, always in the same shape.
      const response = { ...(document.schema?.response as object | undefined), default: PROBLEM }
      const { schema, url } = jsonSchemaTransform({ ...document, schema: { ...document.schema, response } })
      const told = { ...schema, security: open ? [] : [{ cookie: [] }, { bearer: [] }], 'x-access': right }
      return { schema: told, url }
    },
    transformObject: jsonSchemaTransformObject,
  })
}

const PROBLEM = {
  description: 'A problem',
  content: { 'application/problem+json': { schema: problemSchema } },
}

export async function docs(app: App): Promise<void> {
  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, access: 'public' }
  })
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('content-security-policy', docsPolicy)
  })
  await app.register(reference, {
    routePrefix: '/docs',
    configuration: {
      nonce: docsNonce,
      pageTitle: 'Parley API',
      withDefaultFonts: false,
      telemetry: false,
      // What would send the description, or its reader, elsewhere.
      showDeveloperTools: 'never',
      agent: { disabled: true },
    },
  })
}
