// Passwords: argon2id with the parameters that OWASP names as the least, and never more than two hashes at once, so
// that a flood of sign-ins takes neither all memory nor all cores.
import { hash, verify } from '@node-rs/argon2'

// The library's own algorithm is argon2id; its constants exist for the compiler only.
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const

const AT_ONCE = 2
let running = 0
const waiting: (() => void)[] = []

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve))
  else running++
  try {
    return await work()
  } finally {
    const next = waiting.shift()
    if (next === undefined) running--
    else next()
  }
}

/** One form of every text, so that a password typed on another keyboard is the same password. */
const normal = (text: string): string => text.normalize('NFKC')

export const hashPassword = (text: string): Promise<string> => inTurn(() => hash(normal(text), PARAMETERS))

export async function verifyPassword(hashed: string, text: string): Promise<boolean> {
  try {
    return await inTurn(() => verify(hashed, normal(text)))
  } catch {
    return false
  }
}

let decoy: Promise<string> | null = null

/** As slow as a real check, always false: nobody learns from the time it takes whether an account exists. */
export async function verifyNobody(text: string): Promise<false> {
  decoy ??= hashPassword('nobody has this password')
  await verifyPassword(await decoy, text)
  return false
}
