// Secrets at rest: access tokens of channels are sealed with AES-256-GCM under a key made from SECRET_KEY, and opened
// only by whoever is about to speak to Meta.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import type { Line } from './cloud-api/client.ts'
import type { WorkerConfig } from './config.ts'

const VERSION = 1
const IV_BYTES = 12
const TAG_BYTES = 16
const HEAD_BYTES = 1 + IV_BYTES + TAG_BYTES

const keys = new Map<string, Buffer>()

function keyFrom(secretKey: string): Buffer {
  const known = keys.get(secretKey)
  if (known !== undefined) return known
  const key = Buffer.from(hkdfSync('sha256', secretKey, '', 'parley seal', 32))
  keys.set(secretKey, key)
  return key
}

export class CannotOpen extends Error {
  constructor() {
    super('A secret in the database cannot be opened: SECRET_KEY is not the one it was sealed with.')
    this.name = 'CannotOpen'
  }
}

export function seal(secretKey: string, text: string): Buffer {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', keyFrom(secretKey), iv)
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([Buffer.from([VERSION]), iv, cipher.getAuthTag(), body])
}

export function open(secretKey: string, sealed: Buffer): string {
  if (sealed.length < HEAD_BYTES || sealed[0] !== VERSION) throw new CannotOpen()
  const decipher = createDecipheriv('aes-256-gcm', keyFrom(secretKey), sealed.subarray(1, 1 + IV_BYTES), {
    authTagLength: TAG_BYTES,
  })
  decipher.setAuthTag(sealed.subarray(1 + IV_BYTES, HEAD_BYTES))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(HEAD_BYTES)), decipher.final()]).toString('utf8')
  } catch {
    throw new CannotOpen()
  }
}

const META = 'https://graph.facebook.com'

interface LineFacts {
  readonly phoneNumberId: string
  readonly tokenEnc: Buffer | null
  readonly simulated: boolean
}

/** How a channel is spoken to: through GRAPH_API_URL where it is set, else the simulator or Meta. */
export const lineOf =
  (config: Pick<WorkerConfig, 'graphApiUrl' | 'simulatorUrl' | 'graphApiVersion' | 'secretKey'>) =>
  (channel: LineFacts): Line => ({
    baseUrl: config.graphApiUrl ?? (channel.simulated && config.simulatorUrl !== null ? config.simulatorUrl : META),
    version: config.graphApiVersion,
    token: channel.tokenEnc === null ? '' : open(config.secretKey, channel.tokenEnc),
    phoneNumberId: channel.phoneNumberId,
  })
