// Is this body Meta's? HMAC-SHA256 over the raw bytes with the app's secret, compared in constant time; several
// secrets hold while one is being changed. Without a secret nothing is Meta's: it fails closed.
import { createHmac, timingSafeEqual } from 'node:crypto'

const HEADER = /^sha256=([0-9a-f]{64})$/

export function verifySignature(body: Buffer, header: string | undefined, secrets: readonly string[]): boolean {
  const told = header === undefined ? null : HEADER.exec(header)
  const hex = told?.[1]
  if (hex === undefined) return false
  const signature = Buffer.from(hex, 'hex')
  let matches = false
  // All secrets are tried, so that the time taken does not tell which one matched.
  for (const secret of secrets) {
    if (secret !== '' && timingSafeEqual(createHmac('sha256', secret).update(body).digest(), signature)) matches = true
  }
  return matches
}
