// `npm run simulator`: the simulator alone, its phone page built first.
import { ensure } from './artifact.ts'
import { phonePage } from './web.ts'

await ensure(phonePage, (line) => console.log(line))
await import('../simulator/main.ts')
