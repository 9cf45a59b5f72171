// Ids: UUIDs of version 7, which sort by when they were made. Randomness is drawn for many at once: asked for one by one
// it was a twentieth of what a webhook costs.
import { getRandomValues } from 'node:crypto'
import { v7 } from 'uuid'

const RANDOM_BYTES = 16
const POOL = new Uint8Array(256 * RANDOM_BYTES)
const SEQUENCE_BITS = 0x7fff_ffff

let used = POOL.length
let msecs = 0
let sequence = 0

/** Greater than every one that this process made before. */
export function newId(): string {
  if (used === POOL.length) {
    getRandomValues(POOL)
    used = 0
  }
  const random = POOL.subarray(used, used + RANDOM_BYTES)
  used += RANDOM_BYTES
  const now = Date.now()
  if (now > msecs) {
    msecs = now
    // Half of the range, so that there is room to count within the millisecond.
    sequence = new DataView(random.buffer, random.byteOffset).getUint32(0) & (SEQUENCE_BITS >>> 1)
  } else {
    sequence++
  }
  return v7({ random, msecs, seq: sequence })
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** An id as Parley writes them, in small letters. */
export const isId = (text: string): boolean => UUID.test(text)
