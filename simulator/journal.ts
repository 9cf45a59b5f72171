// What survives a restart of the simulator: one line a change in a file, the newest line of a key wins. A line that a
// crash cut short is skipped; at the start the file is written anew without what was overtaken, and renamed into place.
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import type { Json } from './words.ts'

const line = z.tuple([z.string(), z.string(), z.json()])

export interface Journal {
  readonly kept: ReadonlyMap<string, ReadonlyMap<string, Json>>
  /** Remembers the newest state of something; null forgets it. */
  put(kind: string, key: string, value: unknown): void
  /** After this, what was put is in the hands of the operating system. */
  flush(): Promise<void>
  close(): Promise<void>
}

export const noJournal: Journal = {
  kept: new Map(),
  put: () => {},
  flush: async () => {},
  close: async () => {},
}

export async function openJournal(file: string): Promise<Journal> {
  mkdirSync(dirname(file), { recursive: true })
  const kept = read(file)
  rewrite(file, kept)
  return new FileJournal(await open(file, 'a'), kept)
}

function read(file: string): Map<string, Map<string, Json>> {
  const kept = new Map<string, Map<string, Json>>()
  if (!existsSync(file)) return kept
  for (const text of readFileSync(file, 'utf8').split('\n')) {
    const parsed = line.safeParse(parse(text))
    if (!parsed.success) continue
    const [kind, key, value] = parsed.data
    const ofKind = kept.get(kind) ?? new Map<string, Json>()
    kept.set(kind, ofKind)
    if (value === null) ofKind.delete(key)
    else ofKind.set(key, value)
  }
  return kept
}

function rewrite(file: string, kept: ReadonlyMap<string, ReadonlyMap<string, Json>>): void {
  const fresh = `${file}.new`
  const handle = openSync(fresh, 'w')
  for (const [kind, values] of kept) {
    for (const [key, value] of values) writeSync(handle, `${JSON.stringify([kind, key, value])}\n`)
  }
  fsyncSync(handle)
  closeSync(handle)
  renameSync(fresh, file)
}

class FileJournal implements Journal {
  readonly kept: ReadonlyMap<string, ReadonlyMap<string, Json>>
  readonly #file: FileHandle
  #waiting: string[] = []
  #writing: Promise<void> | null = null

  constructor(file: FileHandle, kept: ReadonlyMap<string, ReadonlyMap<string, Json>>) {
    this.#file = file
    this.kept = kept
  }

  put(kind: string, key: string, value: unknown): void {
    this.#waiting.push(`${JSON.stringify([kind, key, value])}\n`)
    this.#writing ??= this.#write()
  }

  async flush(): Promise<void> {
    while (this.#writing) await this.#writing
  }

  async close(): Promise<void> {
    await this.flush()
    await this.#file.close()
  }

  async #write(): Promise<void> {
    await new Promise(setImmediate)
    while (this.#waiting.length > 0) {
      const lines = this.#waiting.splice(0)
      await this.#file.appendFile(lines.join(''))
    }
    this.#writing = null
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
