// Ids as Meta makes them. A wamid is base64 and carries the user's phone number (or BSUID): whoever logs one leaks it.
import { randomBytes, randomInt } from 'node:crypto'

const OUTBOUND = 0x11
const INBOUND = 0x12

/** 1c 18 <len> <user> 15 02 00 <11 from the company | 12 from the user> 18 <len> <hex id> 00 */
export function wamid(from: 'client' | 'company', user: string): string {
  const who = Buffer.from(user, 'latin1')
  const id = Buffer.from(randomBytes(9).toString('hex').toUpperCase(), 'latin1')
  const head = Buffer.from([0x1c, 0x18, who.length])
  const middle = Buffer.from([0x15, 0x02, 0x00, from === 'company' ? OUTBOUND : INBOUND, 0x18, id.length])
  return `wamid.${Buffer.concat([head, who, middle, id, Buffer.from([0])]).toString('base64')}`
}

export const digits = (length: number): string =>
  Array.from({ length }, (_, at) => randomInt(at === 0 ? 1 : 0, 10)).join('')

export const bsuid = (country: string): string => `${country}.${digits(20)}`

export const traceId = (): string => `A${randomBytes(16).toString('base64url').slice(0, 21)}`
