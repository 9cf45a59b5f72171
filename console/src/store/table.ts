// Facts by id, each in a signal of its own: who shows one row is drawn again for that row alone.
import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals'

export class Table<T> {
  readonly #rows = new Map<string, Signal<T | undefined>>()
  readonly #version = signal(0)

  /** Every row, in no order; follows any change. */
  readonly all: ReadonlySignal<readonly T[]> = computed(() => {
    void this.#version.value
    return [...this.#rows.values()].flatMap((row) => (row.value === undefined ? [] : [row.value]))
  })

  row(id: string): ReadonlySignal<T | undefined> {
    return this.#cell(id)
  }

  peek(id: string): T | undefined {
    return this.#rows.get(id)?.peek()
  }

  ids(): readonly string[] {
    return [...this.#rows].flatMap(([id, row]) => (row.peek() === undefined ? [] : [id]))
  }

  set(id: string, value: T): void {
    this.#write(id, value)
  }

  delete(id: string): void {
    if (this.peek(id) !== undefined) this.#write(id, undefined)
  }

  clear(): void {
    batch(() => {
      for (const id of this.ids()) this.delete(id)
    })
  }

  #write(id: string, value: T | undefined): void {
    batch(() => {
      const appearsOrGoes = (this.peek(id) === undefined) !== (value === undefined)
      this.#cell(id).value = value
      if (appearsOrGoes) this.#version.value += 1
    })
  }

  #cell(id: string): Signal<T | undefined> {
    const known = this.#rows.get(id)
    if (known !== undefined) return known
    const cell = signal<T | undefined>(undefined)
    this.#rows.set(id, cell)
    return cell
  }
}
