// The ground truth of a fault run: every POST that reached Meta, whatever its sender was told.
import type { Json } from './words.ts'

export interface Received {
  readonly at: number
  readonly phoneNumberId: string
  /** biz_opaque_callback_data. */
  readonly opaque: string | null
  readonly body: Json
  readonly outcome: 'accepted' | 'refused' | 'cut'
  readonly wamid: string | null
  readonly code: number | null
  /** What became of the answer. */
  answer: 'given' | 'lost' | 'held' | 'released' | 'garbled'
}

const LENGTH = 100_000

export class Truth {
  readonly #received: Received[] = []

  add(received: Received): Received {
    if (this.#received.length >= LENGTH) this.#received.shift()
    this.#received.push(received)
    return received
  }

  posts(opaque?: string): readonly Received[] {
    return opaque === undefined ? [...this.#received] : this.#received.filter((one) => one.opaque === opaque)
  }

  /** Each key with more than one accepted POST: a double send, where the keys are unique. */
  doubles(): readonly string[] {
    const seen = new Set<string>()
    const twice = new Set<string>()
    for (const { opaque, outcome } of this.#received) {
      if (opaque === null || outcome !== 'accepted') continue
      if (seen.has(opaque)) twice.add(opaque)
      seen.add(opaque)
    }
    return [...twice]
  }
}
