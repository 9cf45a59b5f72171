// The API as a service of its own: `node dist/api/main.js`.
import { onNewerNode } from '../newer-node.ts'

await onNewerNode(async () => (await import('./serve.ts')).serve())
