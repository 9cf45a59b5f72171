// Webhook bodies as Meta sends them, signed, each with a message id of its own.
import { createHmac } from 'node:crypto'
import { v7 } from 'uuid'
import { DEMO_NUMBER } from '../dev/seed.ts'

export interface SignedBody {
  readonly body: Buffer
  readonly signature: string
}

export const APP_SECRET = 'bench-app-secret'
export const VERIFY_TOKEN = 'bench-verify-token'

export const phoneOf = (n: number): string => `420${String(600_000_000 + n)}`
export const bsuidOf = (n: number): string => `CZ.${1_000_000_000 + n}`
const wamidOf = (key: string): string => `wamid.${Buffer.from(key).toString('base64')}`

export function sign(text: string): SignedBody {
  const body = Buffer.from(text)
  return { body, signature: `sha256=${createHmac('sha256', APP_SECRET).update(body).digest('hex')}` }
}

export interface Spoken {
  /** Which client writes. */
  readonly client: number
  /** Comes back as the message's text. */
  readonly text: string
}

export function messageBody({ client, text }: Spoken): SignedBody {
  const phone = phoneOf(client)
  return change({
    contacts: [{ profile: { name: `Client ${client}` }, wa_id: phone, user_id: bsuidOf(client) }],
    messages: [
      {
        from: phone,
        from_user_id: bsuidOf(client),
        id: wamidOf(v7()),
        timestamp: String(Math.floor(Date.now() / 1000)),
        text: { body: text },
        type: 'text',
      },
    ],
  })
}

export interface Told {
  readonly wamid: string
  /** Whom it went to. */
  readonly phone: string
  readonly status: 'sent' | 'delivered' | 'read'
  readonly opaque?: string
}

export function statusBody({ wamid, phone, status, opaque }: Told): SignedBody {
  return change({
    statuses: [
      {
        id: wamid,
        status,
        timestamp: String(Math.floor(Date.now() / 1000)),
        recipient_id: phone,
        ...(opaque === undefined ? {} : { biz_opaque_callback_data: opaque }),
        conversation: { id: 'a1b2c3d4e5f6a7b8c9d0', origin: { type: 'service' } },
        pricing: { billable: false, pricing_model: 'PMP', category: 'service', type: 'free_customer_service' },
      },
    ],
  })
}

function change(value: object): SignedBody {
  return sign(
    JSON.stringify({
      object: 'whatsapp_business_account',
      entry: [
        {
          id: DEMO_NUMBER.wabaId,
          changes: [
            {
              value: {
                messaging_product: 'whatsapp',
                metadata: {
                  display_phone_number: DEMO_NUMBER.displayPhoneNumber.replace(/\D/g, ''),
                  phone_number_id: DEMO_NUMBER.phoneNumberId,
                },
                ...value,
              },
              field: 'messages',
            },
          ],
        },
      ],
    }),
  )
}
