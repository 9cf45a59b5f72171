// Files at Meta: kept for a while, fetched by an address that is good for five minutes and needs the token.
import { createHash, randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from './clock.ts'
import { Refused } from './errors.ts'
import { digits } from './ids.ts'
import type { Journal } from './journal.ts'
import { MEDIA_FROM_CLIENT_MS, MEDIA_FROM_COMPANY_MS, MEDIA_URL_MS } from './limits.ts'
import type { JsonObject } from './words.ts'

const MB = 1024 * 1024
/** What the company may send: MIME types by kind, and the largest file. */
const ACCEPTED: Readonly<Record<string, { readonly types: readonly string[]; readonly max: number }>> = {
  audio: { types: ['audio/aac', 'audio/amr', 'audio/mpeg', 'audio/mp4', 'audio/ogg'], max: 16 * MB },
  document: {
    types: [
      'text/plain',
      'application/pdf',
      'application/msword',
      'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
      'application/vnd.ms-excel',
      'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
      'application/vnd.ms-powerpoint',
      'application/vnd.openxmlformats-officedocument.presentationml.presentation',
    ],
    max: 100 * MB,
  },
  image: { types: ['image/jpeg', 'image/png'], max: 5 * MB },
  sticker: { types: ['image/webp'], max: 500 * 1024 },
  video: { types: ['video/mp4', 'video/3gpp'], max: 16 * MB },
}
export const LARGEST_FILE = 100 * MB

export interface Medium {
  readonly id: string
  readonly from: 'client' | 'company'
  readonly mimeType: string
  readonly sha256: string
  readonly size: number
  readonly filename: string | null
  readonly storedAt: number
}

export class MediaStore {
  baseUrl = ''
  readonly #media = new Map<string, Medium>()
  readonly #bytes = new Map<string, Buffer>()
  readonly #links = new Map<string, { readonly id: string; readonly until: number }>()
  readonly #clock: Clock
  readonly #journal: Journal
  readonly #folder: string | null

  constructor(clock: Clock, journal: Journal, folder: string | null) {
    this.#clock = clock
    this.#journal = journal
    this.#folder = folder
    if (folder !== null) mkdirSync(folder, { recursive: true })
    for (const kept of journal.kept.get('medium')?.values() ?? []) {
      const medium = kept as unknown as Medium
      this.#media.set(medium.id, medium)
    }
  }

  async add(from: 'client' | 'company', bytes: Buffer, mimeType: string, filename: string | null): Promise<Medium> {
    const medium: Medium = {
      id: digits(16),
      from,
      mimeType,
      sha256: createHash('sha256').update(bytes).digest('base64'),
      size: bytes.length,
      filename,
      storedAt: this.#clock.now(),
    }
    if (this.#folder === null) this.#bytes.set(medium.id, bytes)
    else await writeFile(join(this.#folder, medium.id), bytes)
    this.#media.set(medium.id, medium)
    this.#journal.put('medium', medium.id, medium)
    return medium
  }

  /** Not there any more after 7 days (a client's) or 30 (the company's own). */
  get(id: string): Medium | undefined {
    const medium = this.#media.get(id)
    if (!medium) return undefined
    const keptFor = medium.from === 'client' ? MEDIA_FROM_CLIENT_MS : MEDIA_FROM_COMPANY_MS
    return this.#clock.now() - medium.storedAt > keptFor ? undefined : medium
  }

  delete(id: string): boolean {
    this.#bytes.delete(id)
    this.#journal.put('medium', id, null)
    return this.#media.delete(id)
  }

  bytes(id: string): Buffer | undefined {
    if (!this.#media.has(id)) return undefined
    return this.#folder === null ? this.#bytes.get(id) : readFileSync(join(this.#folder, id))
  }

  /** A fresh address; the old ones stay good for their own five minutes. */
  link(id: string): string {
    const key = randomUUID()
    this.#links.set(key, { id, until: this.#clock.now() + MEDIA_URL_MS })
    return `${this.baseUrl}/whatsapp_business/attachments/?mid=${id}&key=${key}`
  }

  followed(key: string): Medium | undefined {
    const link = this.#links.get(key)
    if (!link || this.#clock.now() >= link.until) return undefined
    return this.get(link.id)
  }

  /** As a webhook shows a client's file. */
  inMessage(medium: Medium): JsonObject {
    return { mime_type: medium.mimeType, sha256: medium.sha256, id: medium.id, url: this.link(medium.id) }
  }
}

/** Whether the company may send this as that kind; else 131053, which Meta says late. */
export function checkMedium(kind: string, mimeType: string, size: number): void {
  const rule = ACCEPTED[kind]
  const bare = mimeType.split(';')[0]?.trim().toLowerCase() ?? ''
  if (!rule?.types.includes(bare)) throw new Refused(131053, `Media of type ${bare} cannot be sent as ${kind}.`)
  if (size > rule.max) throw new Refused(131053, `Media is ${size} bytes; at most ${rule.max} are allowed for ${kind}.`)
}

/** Some kind takes it; else the upload is refused at once. */
export function checkUpload(mimeType: string, size: number): void {
  const bare = mimeType.split(';')[0]?.trim().toLowerCase() ?? ''
  const rules = Object.values(ACCEPTED).filter(({ types }) => types.includes(bare))
  if (rules.length === 0)
    throw new Refused(
      100,
      `Param file must be a file with one of the supported types. Received file of type '${bare}'.`,
    )
  if (rules.every(({ max }) => size > max)) throw new Refused(131053, 'The file is too large.')
}
