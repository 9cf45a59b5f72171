// P1 and P2: how many webhooks a second are verified, deduplicated, committed and answered, beside the two baselines that
// only insert. Temporal is away meanwhile: this is about what stands between Meta and its 200, and bells wait.

import type { Box } from './box.ts'
import { existingClients, type Flooded, type FloodOrder, newClients } from './flood.ts'
import { refuseNone } from './refused.ts'
import { turned } from './statistics.ts'

const CONNECTIONS = 64
const EXISTING = 2_000
/** A service runs for months: what is measured is what its code does once it is compiled, for baselines and Parley alike. */
const WARM_SECONDS = 5

export interface IngestRound {
  readonly b0: number
  readonly b1: number
  readonly b2: number
  readonly existing: number
  readonly fresh: number
}

export async function ingestRound(box: Box, round: number, seconds: number): Promise<IngestRound> {
  const found: Partial<IngestRound> = {}
  const subjects = [
    async () => Object.assign(found, await parley(box, seconds)),
    async () => Object.assign(found, { b1: await baseline(box, 'b1', seconds) }),
    async () => Object.assign(found, { b2: await baseline(box, 'b2', seconds) }),
    async () => Object.assign(found, { b0: await baseline(box, 'b0', seconds) }),
  ]
  for (const subject of turned(subjects, round)) await subject()
  const { b0, b1, b2, existing, fresh } = found
  if (b0 === undefined || b1 === undefined || b2 === undefined || existing === undefined || fresh === undefined)
    throw new Error('A subject of the round gave no figure.')
  return { b0, b1, b2, existing, fresh }
}

async function baseline(box: Box, name: 'b0' | 'b1' | 'b2', seconds: number): Promise<number> {
  const database = await box.freshDatabase(true)
  const { url, child } = await box.startBaseline(`bench/baselines/${name}.ts`, database)
  try {
    const most = name === 'b0' ? 26_000 : 14_000
    await flood(box, url, { seconds: WARM_SECONDS, bodies: most * WARM_SECONDS, clients: existingClients(EXISTING) })
    return await flood(box, url, { seconds, bodies: most * seconds, clients: existingClients(EXISTING) })
  } finally {
    await child.stop()
    await box.drop(database)
  }
}

async function parley(box: Box, seconds: number): Promise<Pick<IngestRound, 'existing' | 'fresh'>> {
  const database = await box.freshDatabase()
  const { url, child } = await box.startApi(database)
  try {
    // The clients that exist afterwards, each with a session.
    await flood(box, url, { seconds: 60, bodies: EXISTING, clients: newClients(0) })
    await flood(box, url, {
      seconds: WARM_SECONDS,
      bodies: 14_000 * WARM_SECONDS,
      clients: existingClients(EXISTING),
    })
    const existing = await flood(box, url, { seconds, bodies: 14_000 * seconds, clients: existingClients(EXISTING) })
    const fresh = await flood(box, url, { seconds, bodies: 14_000 * seconds, clients: newClients(1_000_000) })
    return { existing, fresh }
  } finally {
    await child.stop()
    await box.drop(database)
  }
}

async function flood(box: Box, url: string, order: Omit<FloodOrder, 'url' | 'connections'>): Promise<number> {
  const go = await box.generator<FloodOrder, Flooded>('flood.ts', {
    ...order,
    url: `${url}/webhooks/whatsapp`,
    connections: CONNECTIONS,
  })
  const flooded = await go()
  refuseNone(flooded.refused)
  return flooded.perSecond
}
