// Meta signs an escaped form of the payload, with lowercase hex digits, and sends that very form: the body is ASCII.
import { createHmac } from 'node:crypto'
import type { Json } from './words.ts'

/** Every UTF-16 unit beyond ASCII becomes `\uXXXX`, so a lone surrogate stays what it is. */
export const asciiJson = (value: Json): Buffer =>
  Buffer.from(
    JSON.stringify(value).replace(
      /[\u007f-\uffff]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
    ),
    'latin1',
  )

export const signature = (appSecret: string, body: Buffer): string =>
  `sha256=${createHmac('sha256', appSecret).update(body).digest('hex')}`
