// Everything that exists on Meta's side: numbers, clients, what they have to do with each other, and what was said.
// Whoever changes something here says so (`changed…`): the journal keeps it, and the phone page shows it.
import { randomUUID } from 'node:crypto'
import { bsuid, wamid } from './ids.ts'
import type { Journal } from './journal.ts'
import type { LiveEvent } from './live.ts'
import { countryOf } from './phone-numbers.ts'
import { type BusinessNumber, type Client, type Note, type Talk, talkId } from './words.ts'

export interface NewClient {
  readonly name?: string | null | undefined
  readonly username?: string | null | undefined
  readonly phone: string
  readonly bsuid?: string | undefined
  readonly sharesPhone?: boolean | undefined
}

export class World {
  readonly numbers: readonly BusinessNumber[]
  readonly clients = new Map<string, Client>()
  readonly talks = new Map<string, Talk>()
  readonly notes = new Map<string, Note>()
  readonly #notesOfTalk = new Map<string, Note[]>()
  readonly #byPhone = new Map<string, Client>()
  readonly #byBsuid = new Map<string, Client>()
  readonly #journal: Journal
  readonly #tell: (event: LiveEvent) => void
  #lastNo = 0

  constructor(numbers: readonly BusinessNumber[], journal: Journal, tell: (event: LiveEvent) => void) {
    this.numbers = numbers
    this.#journal = journal
    this.#tell = tell
    this.#restore()
  }

  number(phoneNumberId: string): BusinessNumber | undefined {
    return this.numbers.find((number) => number.phoneNumberId === phoneNumberId)
  }

  clientByPhone(phone: string): Client | undefined {
    return this.#byPhone.get(phone)
  }

  clientByBsuid(id: string): Client | undefined {
    return this.#byBsuid.get(id)
  }

  addClient(wanted: NewClient): Client {
    const client: Client = {
      id: randomUUID(),
      name: wanted.name ?? null,
      username: wanted.username ?? null,
      phone: wanted.phone,
      bsuid: wanted.bsuid ?? bsuid(countryOf(wanted.phone)),
      sharesPhone: wanted.sharesPhone ?? true,
      online: true,
      autoRead: false,
      onWhatsApp: true,
      stoppedMarketing: false,
    }
    this.#keep(client)
    this.changedClient(client)
    return client
  }

  /** A new number, and with it a new BSUID: Meta makes one whenever the number changes. */
  moveClient(client: Client, phone: string): void {
    if (this.#byPhone.get(client.phone) === client) this.#byPhone.delete(client.phone)
    this.#byBsuid.delete(client.bsuid)
    client.phone = phone
    client.bsuid = bsuid(countryOf(phone))
    this.#keep(client)
    this.changedClient(client)
  }

  talk(phoneNumberId: string, clientId: string): Talk {
    const id = talkId(phoneNumberId, clientId)
    const known = this.talks.get(id)
    if (known) return known
    const talk: Talk = {
      phoneNumberId,
      clientId,
      windowUntil: null,
      adUntil: null,
      freeEntryUntil: null,
      typingUntil: null,
    }
    this.talks.set(id, talk)
    return talk
  }

  /** In the order of the phone. */
  notesOf(phoneNumberId: string, clientId: string): readonly Note[] {
    return this.#notesOfTalk.get(talkId(phoneNumberId, clientId)) ?? []
  }

  addNote(note: Omit<Note, 'wamid' | 'no' | 'reactions'> & { wamid?: string }, client: Client): Note {
    this.#lastNo += 1
    const added: Note = {
      reactions: {},
      ...note,
      wamid:
        note.wamid ?? wamid(note.from, note.sentTo === 'bsuid' || !client.sharesPhone ? client.bsuid : client.phone),
      no: this.#lastNo,
    }
    this.#file(added)
    this.changedNote(added)
    return added
  }

  changedClient(client: Client): void {
    this.#journal.put('client', client.id, client)
    this.#tell({ type: 'client', client })
  }

  changedTalk(talk: Talk): void {
    this.#journal.put('talk', talkId(talk.phoneNumberId, talk.clientId), talk)
    this.#tell({ type: 'talk', talk })
  }

  changedNote(note: Note): void {
    this.#journal.put('note', note.wamid, note)
    this.#tell({ type: 'note', note })
  }

  flush(): Promise<void> {
    return this.#journal.flush()
  }

  #keep(client: Client): void {
    this.clients.set(client.id, client)
    this.#byPhone.set(client.phone, client)
    this.#byBsuid.set(client.bsuid, client)
  }

  #file(note: Note): void {
    this.notes.set(note.wamid, note)
    const id = talkId(note.phoneNumberId, note.clientId)
    const list = this.#notesOfTalk.get(id)
    if (list) list.push(note)
    else this.#notesOfTalk.set(id, [note])
  }

  /** The journal is this program's own file: what it wrote is what it reads. */
  #restore(): void {
    for (const value of this.#journal.kept.get('client')?.values() ?? []) this.#keep(value as unknown as Client)
    for (const [id, value] of this.#journal.kept.get('talk') ?? []) this.talks.set(id, value as unknown as Talk)
    const notes = [...(this.#journal.kept.get('note')?.values() ?? [])] as unknown as Note[]
    for (const note of notes.sort((a, b) => a.no - b.no)) this.#file(note)
    this.#lastNo = notes.at(-1)?.no ?? 0
  }
}
