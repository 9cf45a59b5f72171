// B0: Fastify, signature, parse; nothing is kept.
import { serve } from './webhook-app.ts'

await serve(() => {})
