// What the phone page hears as it happens.
import type { ClockSetting } from './clock.ts'
import type { Post } from './courier.ts'
import type { Knobs } from './knobs.ts'
import type { Client, Note, Talk } from './words.ts'

export type LiveEvent =
  | { readonly type: 'client'; readonly client: Client }
  | { readonly type: 'talk'; readonly talk: Talk }
  | { readonly type: 'note'; readonly note: Note }
  | { readonly type: 'post'; readonly post: Post }
  | { readonly type: 'knobs'; readonly knobs: Knobs; readonly own: Readonly<Record<string, Partial<Knobs>>> }
  | { readonly type: 'clock'; readonly now: number; readonly setting: ClockSetting }
  | { readonly type: 'held'; readonly held: number }

export class Live {
  readonly #listeners = new Set<(event: LiveEvent) => void>()

  readonly tell = (event: LiveEvent): void => {
    for (const listener of this.#listeners) listener(event)
  }

  /** The answer ends it. */
  listen(listener: (event: LiveEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }
}
