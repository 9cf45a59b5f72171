// The phones as tests use them: find or make a client, and do what they do.
import { setTimeout as pause } from 'node:timers/promises'
import type { Machine } from './machine.ts'
import { typedDigits } from './phone-numbers.ts'
import { NotPossible, type Writing } from './phones.ts'
import { type BusinessNumber, type Client, isAtLeast, type Note, type Status } from './words.ts'
import type { NewClient } from './world.ts'

type Extras = Pick<Extract<Writing, { type: 'text' }>, 'replyTo' | 'groupId' | 'referral' | 'at' | 'forwarded'>
const LOOK_MS = 10

export class PhoneBook {
  readonly #machine: Machine

  constructor(machine: Machine) {
    this.#machine = machine
  }

  /** The client with that number, made where there is none. */
  client(wanted: NewClient): PhoneClient {
    const phone = typedDigits(wanted.phone)
    if (phone === null) throw new NotPossible(`${wanted.phone} is not a phone number.`)
    const known = this.#machine.world.clientByPhone(phone)
    return new PhoneClient(this.#machine, known ?? this.#machine.world.addClient({ ...wanted, phone }))
  }

  clients(): readonly PhoneClient[] {
    return [...this.#machine.world.clients.values()].map((client) => new PhoneClient(this.#machine, client))
  }
}

export class PhoneClient {
  readonly who: Client
  readonly #machine: Machine
  readonly #number: BusinessNumber | undefined

  constructor(machine: Machine, who: Client, number?: BusinessNumber) {
    this.#machine = machine
    this.who = who
    this.#number = number
  }

  /** The same client, talking to another of the company's numbers. */
  at(phoneNumberId: string): PhoneClient {
    const number = this.#machine.world.number(phoneNumberId)
    if (!number) throw new NotPossible(`There is no number ${phoneNumberId}.`)
    return new PhoneClient(this.#machine, this.who, number)
  }

  writes(text: string, extras: Extras = {}): Promise<Note> {
    return this.does({ type: 'text', text, ...extras })
  }

  /** Anything that a client can do in a conversation. */
  does(writing: Writing): Promise<Note> {
    return this.#machine.phones.write(this.who, this.number, writing)
  }

  presses(wamid: string, button: string): Promise<Note> {
    return this.does({ type: 'press', on: wamid, button })
  }

  reacts(wamid: string, emoji: string | null): Promise<Note> {
    return this.does({ type: 'reaction', to: wamid, emoji })
  }

  /** Reads all that has arrived, or up to one message; says how many. */
  reads(upTo?: string): number {
    return this.#machine.phones.read(this.who, this.number, upTo)
  }

  plays(wamid: string): void {
    this.#machine.phones.play(this.who, wamid)
  }

  goesOffline(): void {
    this.#machine.phones.setOnline(this.who, false)
  }

  goesOnline(): void {
    this.#machine.phones.setOnline(this.who, true)
  }

  changesNumber(
    phone: string,
    announce: 'user_changed_number' | 'user_changed_user_id' | 'nothing' = 'user_changed_number',
  ): void {
    const digits = typedDigits(phone)
    if (digits === null) throw new NotPossible(`${phone} is not a phone number.`)
    this.#machine.phones.changeNumber(this.who, digits, announce)
  }

  /** The company answers from its own phone, not through the API. */
  isAnsweredByEcho(text: string): Note {
    return this.#machine.phones.echo(this.who, this.number, text)
  }

  /** The whole conversation with this number. */
  messages(): readonly Note[] {
    return this.#machine.world.notesOf(this.number.phoneNumberId, this.who.id)
  }

  /** What the company sent, oldest first. */
  received(): readonly Note[] {
    return this.messages().filter(({ from }) => from === 'company')
  }

  /** Waits for a message of the company, which came as far as that. */
  async gets(matching: (note: Note) => boolean, status: Status = 'delivered', withinMs = 10_000): Promise<Note> {
    const deadline = Date.now() + withinMs
    for (;;) {
      const found = this.received().find((note) => matching(note) && isAtLeast(note.status, status))
      if (found) return found
      if (Date.now() > deadline) {
        const had = this.received().map(({ type, status: now, shown }) => `${type} ${now} "${shown.body}"`)
        throw new Error(`No such message within ${withinMs} ms; there is: ${had.join('; ') || 'nothing'}`)
      }
      await pause(LOOK_MS)
    }
  }

  get number(): BusinessNumber {
    const number = this.#number ?? this.#machine.world.numbers[0]
    if (!number) throw new NotPossible('The company has no number.')
    return number
  }

  get talk() {
    return this.#machine.world.talk(this.number.phoneNumberId, this.who.id)
  }
}
