// The worker as a service of its own: `node dist/worker.js`.
import { onNewerNode } from './newer-node.ts'

await onNewerNode(async () => (await import('./worker-service.ts')).serve())
