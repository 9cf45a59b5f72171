// Opaque secrets that a client carries: 256 random bits, of which the database knows only the SHA-256.
import { createHash, createHmac, randomBytes } from 'node:crypto'

export const newSecretToken = (): string => randomBytes(32).toString('base64url')

export const hashToken = (token: string): Buffer => createHash('sha256').update(token, 'utf8').digest()

/** Known to every service of an installation without being stored: so all of them print the same address. */
export const setupToken = (secretKey: string, installedAt: Date): string =>
  createHmac('sha256', secretKey).update(`setup ${installedAt.toISOString()}`).digest('base64url')
