// The company's messages, from the POST to the last tick: refused at once, or accepted and then sent, delivered, read,
// played or failed. A 200 promises nothing but that Meta has it.
import type { SimulatedClock } from './clock.ts'
import type { Body, MarkRead, Send } from './contract.ts'
import type { Courier } from './courier.ts'
import { Refused } from './errors.ts'
import type { KnobBoard } from './knobs.ts'
import {
  AUTHENTICATION_TTL_MS,
  FREE_ENTRY_MS,
  freeEntryOpen,
  type Limits,
  MESSAGE_TTL_MS,
  TYPING_MS,
  windowOpen,
} from './limits.ts'
import { checkMedium, type MediaStore } from './media.ts'
import { contact, phoneShared, status } from './payloads.ts'
import { recipientDigits } from './phone-numbers.ts'
import { shownBody } from './shown.ts'
import { fill, type Template } from './templates.ts'
import {
  type BusinessNumber,
  type Client,
  type Failure,
  isAtLeast,
  type JsonObject,
  type Note,
  type Status,
  type Talk,
  talkId,
} from './words.ts'
import type { World } from './world.ts'

const BSUID = /^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}$/
const REACTION_REACHES_MS = MESSAGE_TTL_MS
const FETCH_TIMEOUT_MS = 5_000

export interface SendingParts {
  readonly world: World
  readonly knobs: KnobBoard
  readonly clock: SimulatedClock
  readonly limits: Limits
  readonly courier: Courier
  readonly media: MediaStore
  readonly templates: readonly Template[]
}

export interface Accepted {
  readonly note: Note
  readonly answer: JsonObject
}

export class Sending {
  readonly #p: SendingParts
  readonly #timers = new Set<NodeJS.Timeout>()

  constructor(parts: SendingParts) {
    this.#p = parts
    for (const note of parts.world.notes.values()) {
      if (note.from === 'company' && !note.echo && !isAtLeast(note.status, 'delivered')) this.#progress(note)
    }
  }

  get busy(): boolean {
    return this.#timers.size > 0
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer)
  }

  accept(number: BusinessNumber, send: Send): Accepted {
    const { world, knobs, clock, limits } = this.#p
    const pnid = number.phoneNumberId
    const at = clock.now()
    const knob = knobs.of(pnid)
    const refusal = knobs.spendRefusal(pnid)
    if (refusal?.when === 'now') throw new Refused(refusal.code)
    const { client, sentTo, input } = this.#recipient(number, send)
    const filled = send.body.type === 'template' ? fill(send.body.content, this.#p.templates) : null
    if (filled?.template.category === 'AUTHENTICATION' && sentTo === 'bsuid') throw new Refused(131062)
    if (knob.throughput > 0 && !limits.throughput(pnid, knob.throughput, at)) throw new Refused(130429)
    const talk = world.talk(pnid, client.id)
    if (knob.pairRate && !limits.pair(talkId(pnid, client.id), at)) throw new Refused(131056)
    const judged = this.#judge(send.body, client, talk, filled?.template ?? null, sentTo === 'group')
    if (judged && knob.judge === 'now') throw judged
    const held = filled !== null && knobs.spend('holdForQuality', pnid)
    const late = refusal ? new Refused(refusal.code) : (judged ?? (held ? new Refused(132015) : null))
    if (!late) this.#openFreeEntry(talk, at)
    const ttl = filled?.template.category === 'AUTHENTICATION' ? AUTHENTICATION_TTL_MS : MESSAGE_TTL_MS
    const note = world.addNote(
      {
        phoneNumberId: pnid,
        clientId: client.id,
        from: 'company',
        ...(sentTo === 'group' ? { groupId: input } : {}),
        type: send.body.type,
        content: JSON.parse(JSON.stringify(send.body.content)),
        shown: filled?.shown ?? shownBody(send.body),
        replyTo: send.replyTo,
        at,
        status: 'accepted',
        times: { accepted: at },
        failure: late ? { code: late.code, details: late.details } : null,
        opaque: send.opaque,
        sentTo,
        category: filled ? filled.template.category.toLowerCase() : 'service',
        free: freeEntryOpen(talk, at)
          ? 'free_entry_point'
          : windowOpen(talk, at) && filled?.template.category !== 'MARKETING'
            ? 'free_customer_service'
            : 'regular',
        expiresAt: knobs.spend('vanish', pnid) ? at : at + ttl,
      },
      client,
    )
    if (talk.typingUntil !== null) {
      talk.typingUntil = null
      world.changedTalk(talk)
    }
    this.#progress(note)
    return { note, answer: this.#answer(note, client, input, held) }
  }

  /** Marks the message and all before it as read, and may show for 25 s that somebody is writing. */
  markRead(number: BusinessNumber, mark: MarkRead): JsonObject {
    const { world, clock } = this.#p
    const read = world.notes.get(mark.wamid)
    if (read?.from !== 'client' || read.phoneNumberId !== number.phoneNumberId) {
      throw new Refused(131009, 'Message ID is invalid: it is no message that this number received.')
    }
    const now = clock.now()
    for (const note of world.notesOf(number.phoneNumberId, read.clientId)) {
      if (note.from !== 'client' || note.no > read.no || note.status === 'read') continue
      note.status = 'read'
      note.times.read = now
      world.changedNote(note)
    }
    if (mark.typing) {
      const talk = world.talk(number.phoneNumberId, read.clientId)
      talk.typingUntil = now + TYPING_MS
      world.changedTalk(talk)
    }
    return { success: true }
  }

  /** What waited for the phone arrives now. */
  reached(client: Client): void {
    for (const note of this.#p.world.notes.values()) {
      if (note.clientId === client.id && note.from === 'company' && note.status === 'sent') this.#deliver(note)
    }
  }

  /** The client has read or played it. */
  seen(note: Note, how: 'read' | 'played'): void {
    if (!isAtLeast(note.status, 'delivered') || note.status === 'failed' || isAtLeast(note.status, how)) return
    const first = note.times.delivered === undefined && note.times.read === undefined
    this.#becomes(note, how, { post: true, priced: first && how === 'read' })
  }

  #recipient(
    number: BusinessNumber,
    send: Send,
  ): { client: Client; sentTo: 'phone' | 'bsuid' | 'group'; input: string } {
    const { world, knobs } = this.#p
    const { allowList, strangers } = knobs.of(number.phoneNumberId)
    if (send.group) {
      const member = [...world.notes.values()].find(({ groupId, from }) => groupId === send.to && from === 'client')
      const client = member && world.clients.get(member.clientId)
      if (!client || send.to === undefined) throw new Refused(131009, 'The group does not exist.')
      return { client, sentTo: 'group', input: send.to }
    }
    if (send.to === undefined) {
      const input = send.recipient ?? ''
      if (!BSUID.test(input)) throw new Refused(131009, 'recipient is not a business-scoped user ID.')
      const client = world.clientByBsuid(input)
      if (!client) throw new Refused(131026, 'This business-scoped user ID is not known.')
      return { client, sentTo: 'bsuid', input }
    }
    const phone = recipientDigits(send.to, number.displayPhoneNumber)
    if (phone === null) throw new Refused(131009, 'Parameter to is not a phone number.')
    if (phone === number.displayPhoneNumber.replace(/\D/g, '')) throw new Refused(131021)
    if (allowList && !allowList.some((one) => one.replace(/\D/g, '') === phone)) throw new Refused(131030)
    const known = world.clientByPhone(phone)
    if (known) return { client: known, sentTo: 'phone', input: send.to }
    const client = world.addClient({ phone })
    if (strangers === 'undeliverable') {
      client.onWhatsApp = false
      world.changedClient(client)
    }
    return { client, sentTo: 'phone', input: send.to }
  }

  /** What Meta finds out about window, recipient and content, sooner or later. */
  #judge(body: Body, client: Client, talk: Talk, template: Template | null, group: boolean): Refused | null {
    const { world, clock } = this.#p
    if (!client.onWhatsApp) return new Refused(131026)
    if (template?.category === 'MARKETING' && client.stoppedMarketing) return new Refused(131050)
    if (!template && !group && !windowOpen(talk, clock.now())) return new Refused(131047)
    if (body.type === 'reaction') {
      const target = world.notes.get(body.content.message_id)
      if (!target || clock.now() - target.at > REACTION_REACHES_MS)
        return new Refused(131009, 'The message to react to does not exist, or is older than 30 days.')
    }
    return null
  }

  #openFreeEntry(talk: Talk, at: number): void {
    if (talk.adUntil === null) return
    if (at < talk.adUntil) talk.freeEntryUntil = at + FREE_ENTRY_MS
    talk.adUntil = null
    this.#p.world.changedTalk(talk)
  }

  #answer(note: Note, client: Client, input: string, held: boolean): JsonObject {
    const group = note.sentTo === 'group'
    const knobs = this.#p.knobs.of(note.phoneNumberId)
    const byPhone = note.sentTo === 'phone' && phoneShared(client, knobs, 'answer')
    return {
      messaging_product: 'whatsapp',
      contacts: [
        {
          input,
          ...(group ? { wa_id: input } : { ...(byPhone ? { wa_id: client.phone } : {}), user_id: client.bsuid }),
        },
      ],
      messages: [
        {
          id: note.wamid,
          ...(note.type === 'template' ? { message_status: held ? 'held_for_quality_assessment' : 'accepted' } : {}),
          ...(group ? { group_id: input } : {}),
        },
      ],
    }
  }

  #progress(note: Note): void {
    const { world, knobs } = this.#p
    if (note.status === 'sent') {
      this.#deliver(note)
      return
    }
    this.#after(knobs.of(note.phoneNumberId).sentAfterMs, async () => {
      if (note.expiresAt === note.at) return
      const failure = note.failure ?? (await this.#fetchFile(note))
      if (failure) {
        note.failure = failure
        return this.#becomes(note, 'failed', { post: true, priced: false })
      }
      this.#becomes(note, 'sent', { post: true, priced: note.type !== 'reaction' })
      if (note.type === 'reaction') this.#react(note)
      else if (world.clients.get(note.clientId)?.online) this.#deliver(note)
    })
  }

  #deliver(note: Note): void {
    const { world, knobs, clock } = this.#p
    const { deliveredAfterMs, autoRead } = knobs.of(note.phoneNumberId)
    this.#after(deliveredAfterMs, async () => {
      const client = world.clients.get(note.clientId)
      const late = note.expiresAt !== null && clock.now() > note.expiresAt
      if (!client?.online || note.status !== 'sent' || late) return
      const skipped = knobs.spend('skipDelivered', note.phoneNumberId)
      this.#becomes(note, 'delivered', { post: !skipped, priced: !skipped })
      if (autoRead || client.autoRead) this.seen(note, 'read')
    })
  }

  #becomes(note: Note, next: Status, { post, priced }: { post: boolean; priced: boolean }): void {
    const { world, knobs, clock, courier } = this.#p
    const number = world.number(note.phoneNumberId)
    const client = world.clients.get(note.clientId)
    if (!number || !client) return
    const at = clock.now()
    note.status = next
    if (post) note.times[next] = at
    world.changedNote(note)
    if (!post) return
    const knob = knobs.of(note.phoneNumberId)
    const { freeEntryUntil } = world.talk(note.phoneNumberId, note.clientId)
    courier.take({
      number,
      field: 'messages',
      list: 'statuses',
      contact: next === 'failed' || note.sentTo === 'group' ? null : contact(client, knob, 'status'),
      item: status(
        { note, client, status: next, at, failure: next === 'failed' ? note.failure : null, priced, freeEntryUntil },
        knob,
      ),
    })
  }

  #react(note: Note): void {
    const content = note.content as { message_id: string; emoji: string }
    const target = this.#p.world.notes.get(content.message_id)
    if (!target) return
    const { company: _, ...others } = target.reactions
    target.reactions = content.emoji === '' ? others : { ...others, company: content.emoji }
    this.#p.world.changedNote(target)
  }

  /** A file by id must be there, one by link must load; either must be of a kind that may be sent. */
  async #fetchFile(note: Note): Promise<Failure | null> {
    const content = note.content as JsonObject
    const file = note.type === 'template' ? headerFile(content) : { kind: note.type, source: content }
    if (!file || !['image', 'video', 'audio', 'document', 'sticker'].includes(file.kind)) return null
    try {
      const medium = await this.#medium(file.source)
      checkMedium(file.kind, medium.mimeType, medium.size)
      note.shown = { ...note.shown, mediaId: medium.id, mimeType: medium.mimeType }
      return null
    } catch (error) {
      if (error instanceof Refused) return { code: error.code, details: error.details }
      return {
        code: 131053,
        details: `Downloading media from weblink failed: ${error instanceof Error ? error.message : 'unknown'}`,
      }
    }
  }

  async #medium(source: JsonObject): Promise<{ id: string; mimeType: string; size: number }> {
    const { media } = this.#p
    if (typeof source.id === 'string') {
      const known = media.get(source.id)
      if (!known) throw new Refused(131053, 'The media ID is not known, or has expired.')
      return known
    }
    const answer = await fetch(String(source.link), { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) })
    if (!answer.ok) throw new Refused(131053, `Downloading media from weblink failed with http code ${answer.status}`)
    const type = answer.headers.get('content-type') ?? 'application/octet-stream'
    return media.add('company', Buffer.from(await answer.arrayBuffer()), type, null)
  }

  #after(afterMs: number, run: () => Promise<void>): void {
    const timer = setTimeout(() => {
      void run().finally(() => this.#timers.delete(timer))
    }, afterMs)
    this.#timers.add(timer)
  }
}

function headerFile(template: JsonObject): { kind: string; source: JsonObject } | null {
  const components = (template.components ?? []) as readonly JsonObject[]
  const header = components.find(({ type }) => type === 'header')
  const [parameter] = (header?.parameters ?? []) as readonly JsonObject[]
  const kind = parameter?.type
  if (typeof kind !== 'string' || kind === 'text') return null
  return { kind, source: (parameter?.[kind] ?? {}) as JsonObject }
}
