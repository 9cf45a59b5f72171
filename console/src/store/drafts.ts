// What is being written and not sent, by session: here at once, with the server a moment later, so that another
// computer or the next shift finds it.
import { type Signal, signal } from '@preact/signals'

export interface DraftWorld {
  get(sessionId: string): Promise<string>
  put(sessionId: string, text: string): Promise<void>
  later(ms: number, run: () => void): () => void
}

const SAVE_AFTER_MS = 700

export class Drafts {
  readonly #texts = new Map<string, Signal<string>>()
  readonly #saved = new Map<string, string>()
  readonly #timers = new Map<string, () => void>()
  readonly #world: DraftWorld

  constructor(world: DraftWorld) {
    this.#world = world
  }

  text(sessionId: string): Signal<string> {
    const known = this.#texts.get(sessionId)
    if (known !== undefined) return known
    const made = signal('')
    this.#texts.set(sessionId, made)
    return made
  }

  /** Looks once what the server has of it; what was typed here meanwhile stays. */
  async look(sessionId: string): Promise<void> {
    if (this.#saved.has(sessionId)) return
    this.#saved.set(sessionId, '')
    try {
      const text = await this.#world.get(sessionId)
      const here = this.text(sessionId)
      if (here.peek() !== '' || this.#timers.has(sessionId)) return
      this.#saved.set(sessionId, text)
      here.value = text
    } catch {
      this.#saved.delete(sessionId)
    }
  }

  write(sessionId: string, text: string): void {
    this.text(sessionId).value = text
    this.#timers.get(sessionId)?.()
    this.#timers.set(
      sessionId,
      this.#world.later(SAVE_AFTER_MS, () => void this.#save(sessionId)),
    )
  }

  async flush(): Promise<void> {
    await Promise.all([...this.#timers.keys()].map((id) => this.#save(id)))
  }

  async #save(sessionId: string): Promise<void> {
    this.#timers.get(sessionId)?.()
    this.#timers.delete(sessionId)
    const text = this.text(sessionId).peek()
    if (this.#saved.get(sessionId) === text) return
    try {
      await this.#world.put(sessionId, text)
      this.#saved.set(sessionId, text)
    } catch {
      // It is kept here, and saved with the next letter.
    }
  }
}
