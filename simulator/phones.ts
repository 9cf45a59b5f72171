// What clients do on their phones, and what Meta tells the company of it.
import { z } from 'zod'
import type { SimulatedClock } from './clock.ts'
import type { Courier } from './courier.ts'
import type { KnobBoard } from './knobs.ts'
import { type Limits, WINDOW_MS } from './limits.ts'
import type { MediaStore } from './media.ts'
import { contact, echo, message, phoneShared, unsupported } from './payloads.ts'
import type { Sending } from './sending.ts'
import {
  type BusinessNumber,
  type Client,
  isAtLeast,
  type Json,
  type JsonObject,
  type Note,
  type Shown,
} from './words.ts'
import type { World } from './world.ts'

const FILES = ['image', 'video', 'audio', 'voice', 'document', 'sticker'] as const
const common = {
  replyTo: z.string().optional(),
  forwarded: z.boolean().optional(),
  groupId: z.string().optional(),
  /** The advertisement that brought the client. */
  referral: z.record(z.string(), z.json()).optional(),
  /** Written then (milliseconds), and only reported now. */
  at: z.number().optional(),
}

export const writingSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text'), text: z.string().min(1).max(65_536), ...common }),
  z.strictObject({
    type: z.enum(FILES),
    data: z.base64(),
    mimeType: z.string().min(3),
    filename: z.string().optional(),
    caption: z.string().optional(),
    ...common,
  }),
  z.strictObject({
    type: z.literal('location'),
    latitude: z.number(),
    longitude: z.number(),
    name: z.string().optional(),
    address: z.string().optional(),
    ...common,
  }),
  z.strictObject({ type: z.literal('contacts'), contacts: z.array(z.record(z.string(), z.json())).min(1), ...common }),
  z.strictObject({ type: z.literal('reaction'), to: z.string(), emoji: z.string().nullable(), ...common }),
  /** A button or a row of the company's message, by its id. */
  z.strictObject({ type: z.literal('press'), on: z.string(), button: z.string(), ...common }),
  /** Something that Meta does not pass on, for instance `edit`. */
  z.strictObject({ type: z.literal('unsupported'), what: z.string().default('edit'), ...common }),
  /** Any other type, word for word. */
  z.strictObject({ type: z.literal('other'), as: z.string().min(1), content: z.json(), ...common }),
])
export type Writing = z.input<typeof writingSchema>
type Parsed = z.output<typeof writingSchema>

export class NotPossible extends Error {}

export interface PhonesParts {
  readonly world: World
  readonly knobs: KnobBoard
  readonly clock: SimulatedClock
  readonly limits: Limits
  readonly courier: Courier
  readonly media: MediaStore
  readonly sending: Sending
}

interface Composed {
  readonly type: string
  readonly content: Json
  readonly shown: Shown
  readonly replyTo?: string
}

export class Phones {
  readonly #p: PhonesParts
  readonly #timers = new Set<NodeJS.Timeout>()

  constructor(parts: PhonesParts) {
    this.#p = parts
  }

  get busy(): boolean {
    return this.#timers.size > 0
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer)
  }

  async write(client: Client, number: BusinessNumber, raw: Writing): Promise<Note> {
    const { world, knobs, clock, limits } = this.#p
    const writing = writingSchema.parse(raw)
    const composed = await this.#compose(client, number, writing)
    const now = clock.now()
    const at = writing.at ?? now
    const pnid = number.phoneNumberId
    const replyTo = composed.replyTo ?? writing.replyTo ?? null
    const note = world.addNote(
      {
        phoneNumberId: pnid,
        clientId: client.id,
        from: 'client',
        ...(writing.groupId === undefined ? {} : { groupId: writing.groupId }),
        type: composed.type,
        content: composed.content,
        shown: composed.shown,
        replyTo,
        at,
        status: 'sent',
        times: { sent: now },
        failure: null,
        opaque: null,
        sentTo: null,
        category: null,
        free: null,
        expiresAt: null,
      },
      client,
    )
    limits.throughput(pnid, Math.max(1, knobs.of(pnid).throughput), now)
    if (writing.groupId === undefined) this.#openWindow(client, number, at, writing.referral !== undefined)
    this.#report(client, number, note, writing, replyTo)
    return note
  }

  /** Reads what has arrived, up to that message or all of it. */
  read(client: Client, number: BusinessNumber, upTo?: string): number {
    const last = upTo === undefined ? Number.POSITIVE_INFINITY : (this.#p.world.notes.get(upTo)?.no ?? 0)
    const arrived = this.#p.world
      .notesOf(number.phoneNumberId, client.id)
      .filter((note) => note.from === 'company' && note.no <= last && note.status === 'delivered')
    for (const note of arrived) this.#p.sending.seen(note, 'read')
    return arrived.length
  }

  play(client: Client, wamid: string): void {
    const note = this.#p.world.notes.get(wamid)
    if (note?.clientId !== client.id || note.type !== 'audio') throw new NotPossible('There is no such voice message.')
    this.#p.sending.seen(note, 'played')
  }

  setOnline(client: Client, online: boolean): void {
    client.online = online
    this.#p.world.changedClient(client)
    if (online) this.#p.sending.reached(client)
  }

  /** Marketing messages: no more of them, or again. */
  setMarketing(client: Client, stopped: boolean): void {
    const { world, clock } = this.#p
    client.stoppedMarketing = stopped
    world.changedClient(client)
    for (const number of this.#numbersOf(client)) {
      const knobs = this.#p.knobs.of(number.phoneNumberId)
      const who = { ...(phoneShared(client, knobs, 'message') ? { wa_id: client.phone } : {}), user_id: client.bsuid }
      this.#p.courier.take({
        number,
        field: 'user_preferences',
        list: 'user_preferences',
        contact: contact(client, knobs, 'message'),
        item: {
          ...who,
          detail: `User requested to ${stopped ? 'stop' : 'resume'} marketing messages`,
          category: 'marketing_messages',
          value: stopped ? 'stop' : 'resume',
          timestamp: String(Math.floor(clock.now() / 1000)),
        },
      })
    }
  }

  /** The client has a new number and with it a new BSUID; `announce` is what Meta says of it, if anything. */
  changeNumber(
    client: Client,
    phone: string,
    announce: 'user_changed_number' | 'user_changed_user_id' | 'nothing',
  ): void {
    const { world, courier, clock } = this.#p
    const old = { phone: client.phone, bsuid: client.bsuid }
    world.moveClient(client, phone)
    if (announce === 'nothing') return
    for (const number of this.#numbersOf(client)) {
      const note = world.addNote(
        {
          phoneNumberId: number.phoneNumberId,
          clientId: client.id,
          from: 'client',
          type: 'system',
          content: systemBody(client, old, announce),
          shown: { body: 'You changed your number.' },
          replyTo: null,
          at: clock.now(),
          status: 'sent',
          times: { sent: clock.now() },
          failure: null,
          opaque: null,
          sentTo: null,
          category: null,
          free: null,
          expiresAt: null,
        },
        client,
      )
      courier.take({
        number,
        field: 'messages',
        list: 'messages',
        contact: null,
        item: {
          ...(announce === 'user_changed_number' ? { from: old.phone, from_user_id: old.bsuid } : {}),
          id: note.wamid,
          timestamp: String(Math.floor(note.at / 1000)),
          type: 'system',
          system: note.content,
        },
      })
    }
  }

  /** Somebody at the company wrote on its own phone: the API hears of it as an echo. */
  echo(client: Client, number: BusinessNumber, text: string): Note {
    const { world, courier, clock } = this.#p
    const note = world.addNote(
      {
        phoneNumberId: number.phoneNumberId,
        clientId: client.id,
        from: 'company',
        echo: true,
        type: 'text',
        content: { body: text },
        shown: { body: text },
        replyTo: null,
        at: clock.now(),
        status: 'delivered',
        times: { delivered: clock.now() },
        failure: null,
        opaque: null,
        sentTo: 'phone',
        category: null,
        free: null,
        expiresAt: null,
      },
      client,
    )
    courier.take({
      number,
      field: 'smb_message_echoes',
      list: 'message_echoes',
      contact: null,
      item: echo(note, client, number),
    })
    return note
  }

  /** Messages that a webhook answered with 200 got through: the client sees two ticks. */
  arrived(wamids: readonly string[]): void {
    for (const wamid of wamids) {
      const note = this.#p.world.notes.get(wamid)
      if (note?.from !== 'client' || note.status !== 'sent') continue
      note.status = 'delivered'
      note.times.delivered = this.#p.clock.now()
      this.#p.world.changedNote(note)
    }
  }

  #numbersOf(client: Client): BusinessNumber[] {
    return this.#p.world.numbers.filter(
      ({ phoneNumberId }) => this.#p.world.notesOf(phoneNumberId, client.id).length > 0,
    )
  }

  #openWindow(client: Client, number: BusinessNumber, at: number, byAd: boolean): void {
    const talk = this.#p.world.talk(number.phoneNumberId, client.id)
    talk.windowUntil = Math.max(talk.windowUntil ?? 0, at + WINDOW_MS)
    if (byAd) talk.adUntil = at + WINDOW_MS
    this.#p.world.changedTalk(talk)
  }

  #report(client: Client, number: BusinessNumber, note: Note, writing: Parsed, replyTo: string | null): void {
    const { courier, knobs } = this.#p
    const knob = knobs.of(number.phoneNumberId)
    const base = { number, field: 'messages', list: 'messages', contact: contact(client, knob, 'message') } as const
    if (note.type === 'unsupported') {
      courier.take({
        ...base,
        item: unsupported(note, client, knob, 131051, writing.type === 'unsupported' ? writing.what : 'unknown'),
      })
      return
    }
    const item = message(note, client, knob, this.#extra(number, writing, replyTo))
    if (!knobs.spend('ghost', number.phoneNumberId)) {
      courier.take({ ...base, item })
      return
    }
    courier.take({ ...base, item: unsupported(note, client, knob, 131060, 'unknown') })
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      courier.take({ ...base, item })
    }, knob.ghostAfterMs)
    this.#timers.add(timer)
  }

  #extra(number: BusinessNumber, writing: Parsed, replyTo: string | null): JsonObject {
    const quoted = replyTo === null ? undefined : this.#p.world.notes.get(replyTo)
    const author =
      quoted?.from === 'client'
        ? this.#p.world.clients.get(quoted.clientId)?.phone
        : number.displayPhoneNumber.replace(/\D/g, '')
    return {
      ...(replyTo === null ? {} : { context: { from: author ?? '', id: replyTo } }),
      ...(writing.forwarded ? { context: { forwarded: true } } : {}),
      ...(writing.referral ? { referral: writing.referral } : {}),
    }
  }

  async #compose(client: Client, number: BusinessNumber, writing: Parsed): Promise<Composed> {
    switch (writing.type) {
      case 'text':
        return { type: 'text', content: { body: writing.text }, shown: { body: writing.text } }
      case 'location': {
        const { latitude, longitude, name, address } = writing
        const content = { latitude, longitude, ...(name ? { name } : {}), ...(address ? { address } : {}) }
        return {
          type: 'location',
          content,
          shown: { ...(name ? { header: name } : {}), body: address ?? `${latitude}, ${longitude}` },
        }
      }
      case 'contacts':
        return {
          type: 'contacts',
          content: writing.contacts,
          shown: { body: writing.contacts.map(formattedName).join(', ') },
        }
      case 'reaction':
        return this.#reaction(client, writing.to, writing.emoji)
      case 'press':
        return this.#press(client, number, writing.on, writing.button)
      case 'unsupported':
        return { type: 'unsupported', content: {}, shown: { body: `(${writing.what})` } }
      case 'other':
        return { type: writing.as, content: writing.content, shown: { body: `(${writing.as})` } }
      default:
        return this.#file(writing)
    }
  }

  async #file(writing: Extract<Parsed, { data: string }>): Promise<Composed> {
    const { media } = this.#p
    const medium = await media.add(
      'client',
      Buffer.from(writing.data, 'base64'),
      writing.mimeType,
      writing.filename ?? null,
    )
    const type = writing.type === 'voice' ? 'audio' : writing.type
    return {
      type,
      content: {
        ...(writing.caption && type !== 'audio' && type !== 'sticker' ? { caption: writing.caption } : {}),
        ...(type === 'document' && writing.filename ? { filename: writing.filename } : {}),
        ...media.inMessage(medium),
        ...(writing.type === 'voice' ? { voice: true } : {}),
        ...(type === 'sticker' ? { animated: false } : {}),
      },
      shown: {
        body: writing.caption ?? '',
        mediaId: medium.id,
        mimeType: medium.mimeType,
        ...(writing.filename ? { filename: writing.filename } : {}),
      },
    }
  }

  #reaction(client: Client, to: string, emoji: string | null): Composed {
    const target = this.#p.world.notes.get(to)
    if (target?.clientId !== client.id) throw new NotPossible('There is no such message.')
    const { client: _, ...others } = target.reactions
    target.reactions = emoji === null ? others : { ...others, client: emoji }
    this.#p.world.changedNote(target)
    // A reaction taken back comes without emoji.
    return {
      type: 'reaction',
      content: { message_id: to, ...(emoji === null ? {} : { emoji }) },
      shown: { body: emoji ?? '' },
    }
  }

  #press(client: Client, number: BusinessNumber, on: string, id: string): Composed {
    const target = this.#p.world.notes.get(on)
    const button = target?.shown.buttons?.find((one) => one.id === id || one.text === id)
    const arrived = target && isAtLeast(target.status, 'delivered') && target.status !== 'failed'
    if (
      !target ||
      !button ||
      !arrived ||
      target.clientId !== client.id ||
      target.phoneNumberId !== number.phoneNumberId
    ) {
      throw new NotPossible('There is no such button.')
    }
    if (button.kind !== 'reply' && button.kind !== 'list')
      throw new NotPossible('This button tells the company nothing.')
    target.pressed = button.id
    this.#p.world.changedNote(target)
    const shown = { body: button.text }
    if (target.type === 'template')
      return { type: 'button', content: { payload: button.id, text: button.text }, shown, replyTo: on }
    const chosen = {
      id: button.id,
      title: button.text,
      ...(button.description ? { description: button.description } : {}),
    }
    const kind = button.kind === 'list' ? 'list_reply' : 'button_reply'
    return { type: 'interactive', content: { type: kind, [kind]: chosen }, shown, replyTo: on }
  }
}

function systemBody(
  client: Client,
  old: { phone: string; bsuid: string },
  type: 'user_changed_number' | 'user_changed_user_id',
): JsonObject {
  const byNumber = type === 'user_changed_number'
  const [from, to] = byNumber ? [old.phone, client.phone] : [old.bsuid, client.bsuid]
  return {
    body: `User ${client.name ?? ''} changed from ${from} to ${to}`,
    ...(byNumber ? { wa_id: client.phone } : {}),
    user_id: client.bsuid,
    previous_user_id: old.bsuid,
    type,
  }
}

function formattedName(card: Readonly<Record<string, unknown>>): string {
  const parsed = z.looseObject({ formatted_name: z.string() }).safeParse(card.name)
  return parsed.success ? parsed.data.formatted_name : 'Contact'
}
