// A webhook's body becomes items: every element of every list exactly one, whatever is wrong with the others.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { InboundItem, InboundMessage, InboundStatus } from '../../../src/domain/inbound.ts'
import { openEnvelope } from '../../../src/ingest/envelope.ts'
import {
  accountError,
  batch,
  button,
  buttonReply,
  bytes,
  call,
  echo,
  edit,
  ghost,
  inGroup,
  media,
  message,
  numberChange,
  reaction,
  revoke,
  standby,
  status,
  type Told,
  text,
  unsupported,
  webhook,
} from '../../support/webhooks.ts'

const NUMBER = { phoneNumberId: '106540352242922' }
const JANA = { phone: '420777123456', bsuid: 'CZ.13491208655302741918', name: 'Jana' }
const AT = Date.parse('2026-11-24T12:00:00Z')

const open = (body: unknown): readonly InboundItem[] => openEnvelope(bytes(body))
function one(told: Told): InboundMessage {
  const [item, ...others] = open(webhook(NUMBER, told))
  if (item?.item !== 'message' || others.length > 0) throw new Error(`no message: ${JSON.stringify(item)}`)
  return item
}
function oneStatus(told: Told): InboundStatus {
  const [item, ...others] = open(webhook(NUMBER, told))
  if (item?.item !== 'status' || others.length > 0) throw new Error(`no status: ${JSON.stringify(item)}`)
  return item
}
/** A message with this raw element, as it stands. */
const element = (raw: Record<string, unknown>): Told => ({
  field: 'messages',
  list: 'messages',
  element: raw,
  contact: null,
})

describe('whatever comes', () => {
  test('no JSON at all makes it throw', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        expect(Array.isArray(openEnvelope(Buffer.from(json)))).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  test('no bytes at all make it throw, and what is not JSON is one invalid item', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (raw) => {
        openEnvelope(Buffer.from(raw))
      }),
    )
    expect(openEnvelope(Buffer.from('{"entry":'))).toMatchObject([{ item: 'invalid', reason: 'not-json', path: '' }])
    expect(openEnvelope(Buffer.alloc(0))).toMatchObject([{ item: 'invalid', reason: 'not-json' }])
  })

  const anything = fc.jsonValue({ maxDepth: 3 })
  const messageLike = fc.record(
    {
      id: fc.oneof(fc.string(), anything),
      from: fc.oneof(fc.constant('420777123456'), anything),
      from_user_id: anything,
      timestamp: anything,
      type: fc.oneof(
        fc.constantFrom('text', 'image', 'system', 'reaction', '__proto__', 'constructor', 'toString'),
        anything,
      ),
      text: anything,
      image: anything,
      system: anything,
      context: anything,
      errors: anything,
      group_id: anything,
    },
    { requiredKeys: [] },
  )
  const list = fc.array(fc.oneof(messageLike, anything), { maxLength: 4 })
  const value = fc.record(
    {
      metadata: fc.oneof(fc.constant({ phone_number_id: '106540352242922' }), anything),
      contacts: fc.oneof(fc.array(anything), anything),
      messages: list,
      message_echoes: list,
      statuses: list,
      calls: list,
      errors: list,
    },
    { requiredKeys: [] },
  )

  test('every element of every list yields exactly one item, at its own path', () => {
    fc.assert(
      fc.property(fc.array(fc.array(value, { maxLength: 3 }), { maxLength: 3 }), (entries) => {
        const body = {
          entry: entries.map((values, e) => ({
            id: `w${e}`,
            changes: values.map((v) => ({ field: 'messages', value: v })),
          })),
        }
        const paths = entries.flatMap((values, e) =>
          values.flatMap((v, c) => {
            const at = `/entry/${e}/changes/${c}/value`
            const found = (['messages', 'message_echoes', 'calls', 'statuses', 'errors'] as const).flatMap((name) =>
              (v[name] ?? []).map((_, n) => `${at}/${name}/${n}`),
            )
            return found.length > 0 ? found : [at]
          }),
        )
        const items = openEnvelope(Buffer.from(JSON.stringify(body)))
        expect(items.map((item) => item.path).sort()).toEqual(paths.sort())
      }),
      { numRuns: 300 },
    )
  })

  test('every item is fit for PostgreSQL: no NUL, no half of a surrogate pair, only words of the closed sets', () => {
    const dirty = fc.string({ unit: fc.constantFrom('a', '\u0000', '\ud83d', '\ude00', '😀', '\\'), maxLength: 30 })
    fc.assert(
      fc.property(
        dirty,
        dirty,
        fc.constantFrom('text', 'constructor', '__proto__', 'toString', 'hasOwnProperty'),
        (words, name, type) => {
          const items = open(
            webhook(NUMBER, {
              ...text({ ...JANA, name }, words),
              element: { ...text(JANA, words).element, type, [words]: { [words]: words }, context: { id: words } },
            }),
          )
          const json = JSON.stringify(items)
          expect(json).not.toContain('\\u0000')
          expect(json).not.toMatch(/\\ud[89a-f]/)
          for (const item of items) if (item.item === 'message') expect(typeof item.type).toBe('string')
        },
      ),
    )
  })

  test('a body that nests a million deep is read, and what it says beside that is there', () => {
    const deep = '['.repeat(1_000_000) + ']'.repeat(1_000_000)
    const body = JSON.stringify(webhook(NUMBER, text(JANA, 'Hello'))).replace('"text":{', `"deep":${deep},"text":{`)
    expect(openEnvelope(Buffer.from(body))).toMatchObject([{ item: 'message', text: 'Hello' }])
  })

  test('lists that are absent, null or empty hold nothing; what is left concerns the number', () => {
    for (const value of [{}, { messages: null, statuses: null, errors: null }, { messages: [] }]) {
      const body = { entry: [{ id: 'w', changes: [{ field: 'messages', value }] }] }
      expect(open(body)).toMatchObject([{ item: 'notice', path: '/entry/0/changes/0/value' }])
    }
  })
})

describe('a body with several entries, changes and items', () => {
  test('every one is found, and the wrong ones among them harm nobody', () => {
    const body = batch(
      webhook(NUMBER, text(JANA, 'one'), status('wamid.x', 'sent'), accountError(130429)),
      webhook({ phoneNumberId: 'other' }, text(JANA, 'two'), echo(JANA, 'three')),
      {
        object: 'whatsapp_business_account',
        entry: [{ id: 'w', changes: [{ field: 'messages', value: { metadata: {}, messages: ['x', { id: 'a' }] } }] }],
      },
    )
    const items = open({
      ...body,
      entry: [
        ...body.entry,
        null,
        {},
        { changes: [null, { field: 'x' }, { field: 'account_update', value: { event: 'e' } }] },
      ],
    })
    expect(items.map((item) => (item.item === 'invalid' ? item.reason : item.item))).toEqual([
      'message',
      'status',
      'notice',
      'message',
      'message',
      'not-an-object',
      'no-number',
      'not-an-object',
      'no-changes',
      'not-an-object',
      'no-value',
      'notice',
    ])
  })
})

describe('each type of message', () => {
  test.each([
    ['text', text(JANA, 'Does it come in another color?'), 'text', 'Does it come in another color?', 'message'],
    ['image with caption', media(JANA, 'image', { caption: 'Taj Mahal' }), 'image', 'Taj Mahal', 'message'],
    ['video', media(JANA, 'video'), 'video', null, 'message'],
    ['audio file', media(JANA, 'audio', { voice: false }), 'audio', null, 'message'],
    ['voice message', media(JANA, 'audio', { voice: true }), 'voice', null, 'message'],
    [
      'document',
      media(JANA, 'document', { filename: 'účet.pdf', caption: 'my receipt' }),
      'document',
      'my receipt',
      'message',
    ],
    ['sticker', media(JANA, 'sticker', { animated: true }), 'sticker', null, 'message'],
    [
      'location',
      message(JANA, 'location', { location: { latitude: 37.4, longitude: -122.1 } }),
      'location',
      null,
      'message',
    ],
    [
      'contacts',
      message(JANA, 'contacts', { contacts: [{ name: { formatted_name: 'Lucía' } }] }),
      'contacts',
      null,
      'message',
    ],
    ['text without its object', message(JANA, 'text', { text: 'plain' }), 'text', 'plain', 'message'],
    ['text of a number', message(JANA, 'text', { text: { body: 5 } }), 'text', '5', 'message'],
    [
      'answer to a form that says only its name',
      message(JANA, 'interactive', {
        interactive: { type: 'nfm_reply', nfm_reply: { name: 'flow', response_json: '{}' } },
      }),
      'interactive',
      'flow',
      'message',
    ],
    ['button of a template', button(JANA, 'Unsubscribe'), 'button', 'Unsubscribe', 'message'],
    ['button reply', buttonReply(JANA, 'Cancel'), 'interactive', 'Cancel', 'message'],
    [
      'list reply',
      message(JANA, 'interactive', {
        interactive: { type: 'list_reply', list_reply: { id: 'p', title: 'Priority', description: 'Next day' } },
      }),
      'interactive',
      'Priority',
      'message',
    ],
    [
      'flow reply whose response is no JSON',
      message(JANA, 'interactive', {
        interactive: { type: 'nfm_reply', nfm_reply: { name: 'flow', body: 'Sent', response_json: '{"a":' } },
      }),
      'interactive',
      'Sent',
      'message',
    ],
    ['reaction', reaction(JANA, 'wamid.a', '👍'), 'reaction', null, 'reaction'],
    ['reaction taken back', reaction(JANA, 'wamid.a', null), 'reaction', null, 'reaction'],
    [
      'order',
      message(JANA, 'order', { order: { catalog_id: '1', text: 'Love these!', product_items: [] } }),
      'order',
      'Love these!',
      'message',
    ],
    ['edit', edit(JANA, 'wamid.a', 'better'), 'unsupported', null, 'edit'],
    ['deletion', revoke(JANA, 'wamid.a'), 'unsupported', null, 'revoke'],
    ['welcome request', message(JANA, 'request_welcome', {}), 'unsupported', null, 'message'],
    ['poll, unsupported', unsupported(JANA, 'poll_creation'), 'unsupported', null, 'message'],
    ['ghost', ghost(JANA), 'unsupported', null, 'ghost'],
    ['group message', inGroup(text(JANA, 'all')), 'text', 'all', 'group'],
    ['message while Meta’s agent answers', standby(text(JANA, 'x')), 'text', 'x', 'standby'],
    ['echo of the phone app', echo(JANA, 'ours'), 'text', 'ours', 'echo'],
    ['call', call(JANA), 'unsupported', null, 'call'],
    ['a type of the future', message(JANA, 'hologram', { hologram: { size: 3 } }), 'unsupported', null, 'message'],
  ] as const)('%s', (_name, told, type, words, kind) => {
    const item = one(told)
    expect(item).toMatchObject({ type, text: words, kind, phoneNumberId: NUMBER.phoneNumberId })
    expect(item.aliases).toEqual([
      { kind: 'bsuid', value: JANA.bsuid },
      { kind: 'phone', value: JANA.phone },
    ])
  })

  test('what cannot be shown keeps its type and all it said', () => {
    expect(one(message(JANA, 'hologram', { hologram: { size: 3 } })).content).toEqual({
      size: 3,
      originalType: 'hologram',
    })
    expect(one(unsupported(JANA, 'poll_creation')).content).toMatchObject({
      originalType: 'poll_creation',
      errors: [{ code: 131051 }],
    })
    expect(one(edit(JANA, 'wamid.a', 'better')).content).toMatchObject({
      originalType: 'edit',
      original_message_id: 'wamid.a',
      message: { text: { body: 'better' } },
    })
  })

  test.each(['constructor', '__proto__', 'toString', 'valueOf', 'hasOwnProperty'])(
    'the type %s is only an unknown type',
    (type) => {
      expect(one(message(JANA, type, {}))).toMatchObject({
        type: 'unsupported',
        kind: 'message',
        content: { originalType: type },
      })
    },
  )

  test('a call that ended, or that the company made, is no message of the client', () => {
    for (const told of [call(JANA, { event: 'terminate' }), call(JANA, { direction: 'BUSINESS_INITIATED' })]) {
      expect(open(webhook(NUMBER, told))).toMatchObject([{ item: 'notice', field: 'calls' }])
    }
  })

  test('a quoted reply, a forwarded message, an advertisement and a product are told with the message', () => {
    const told = text(JANA, 'x', { replyTo: 'wamid.q' })
    expect(one(told).replyTo).toBe('wamid.q')
    const forwarded = {
      ...told,
      element: {
        ...told.element,
        context: { forwarded: true, referred_product: { catalog_id: 'c' } },
        referral: { source_id: 'ad' },
      },
    }
    expect(one(forwarded).content).toMatchObject({
      forwarded: true,
      referredProduct: { catalog_id: 'c' },
      referral: { source_id: 'ad' },
    })
    expect(one(reaction(JANA, 'wamid.a', '👍')).replyTo).toBe('wamid.a')
  })
})

describe('who speaks', () => {
  test('a client without a phone, without a profile, or under a user name', () => {
    expect(one(text({ bsuid: JANA.bsuid, name: null }, 'x'))).toMatchObject({
      aliases: [{ kind: 'bsuid', value: JANA.bsuid }],
      name: null,
    })
    const told = text({ bsuid: JANA.bsuid }, 'x')
    expect(one({ ...told, contact: { user_id: JANA.bsuid, profile: { username: 'jana.n' } } }).name).toBe('jana.n')
  })

  test('a BSUID that stands in `from` and `wa_id` is a BSUID', () => {
    const raw = { from: JANA.bsuid, id: 'wamid.1', timestamp: '1700000000', type: 'text', text: { body: 'x' } }
    const told = { ...element(raw), contact: { wa_id: JANA.bsuid, profile: { name: 'Jana' } } }
    expect(one(told)).toMatchObject({ aliases: [{ kind: 'bsuid', value: JANA.bsuid }], name: 'Jana' })
  })

  test.each(['5511987654321', '551187654321', '5493415555555', '5215512345678', '+420 777', '0042', 'MY.2035'])(
    'the number %s is kept exactly as Meta told it',
    (phone) => {
      expect(one(text({ phone }, 'x')).aliases.map((alias) => alias.value)).toEqual([phone])
    },
  )

  test('the contact of somebody else in the same webhook lends neither name nor alias', () => {
    const ida = { phone: '420777000000', bsuid: 'CZ.2', name: 'Ida' }
    const items = open(webhook(NUMBER, text(JANA, 'a'), text(ida, 'b')))
    expect(items).toMatchObject([
      { name: 'Jana', aliases: [{ value: JANA.bsuid }, { value: JANA.phone }] },
      { name: 'Ida', aliases: [{ value: ida.bsuid }, { value: ida.phone }] },
    ])
    expect(
      one({ ...text({ phone: '420777000001' }, 'x'), contact: { wa_id: '420777000002', profile: { name: 'Ida' } } }),
    ).toMatchObject({
      name: null,
      aliases: [{ value: '420777000001' }],
    })
  })

  test('a change of number names the client as they were and as they are', () => {
    expect(one(numberChange({ phone: '1', bsuid: 'CZ.1' }, { phone: '2', bsuid: 'CZ.2' }))).toMatchObject({
      kind: 'system',
      aliases: [
        { kind: 'bsuid', value: 'CZ.1' },
        { kind: 'phone', value: '1' },
      ],
      moved: {
        aliases: [
          { kind: 'bsuid', value: 'CZ.2' },
          { kind: 'phone', value: '2' },
        ],
      },
    })
    expect(one(numberChange({ bsuid: 'CZ.1' }, { bsuid: 'CZ.2' }))).toMatchObject({
      aliases: [{ value: 'CZ.1' }],
      moved: { aliases: [{ value: 'CZ.2' }] },
    })
  })

  test('nobody is invented: without a sender, an id or a number the item is invalid, with the reason', () => {
    const reasons = (raw: unknown, number: string | undefined = NUMBER.phoneNumberId) =>
      open({
        entry: [
          { changes: [{ field: 'messages', value: { metadata: { phone_number_id: number }, messages: [raw] } }] },
        ],
      }).map((item) => (item.item === 'invalid' ? item.reason : item.item))
    const good = { id: 'wamid.1', from: '420', timestamp: '1700000000', type: 'text', text: { body: 'x' } }
    expect(reasons(good)).toEqual(['message'])
    expect(reasons({ ...good, from: undefined })).toEqual(['no-sender'])
    expect(reasons({ ...good, from: { a: 1 } })).toEqual(['no-sender'])
    expect(reasons({ ...good, id: '' })).toEqual(['no-id'])
    expect(reasons({ ...good, id: 'x'.repeat(10_000) })).toEqual(['id-too-long'])
    expect(reasons({ ...good, from: 'x'.repeat(10_000) })).toEqual(['no-sender'])
    expect(reasons(good, '')).toEqual(['no-number'])
    expect(reasons(good, 'x'.repeat(10_000))).toEqual(['no-number'])
    expect(reasons('text')).toEqual(['not-an-object'])
  })

  test('numbers that are told as numbers are the same ids; one too great to be exact is no id, rather than another one', () => {
    const raw = { id: 'wamid.1', from: 420777123456, timestamp: 1700000000, type: 'text', text: { body: 'x' } }
    expect(one(element(raw))).toMatchObject({
      aliases: [{ kind: 'phone', value: '420777123456' }],
      metaTime: 1700000000000,
    })
    const body = JSON.stringify(webhook(NUMBER, element({ ...raw, from: 0 }))).replace(
      '"from":0',
      '"from":13491208655302741918',
    )
    expect(openEnvelope(Buffer.from(body))).toMatchObject([{ item: 'invalid', reason: 'no-sender' }])
  })
})

describe('texts and times', () => {
  test('NUL and halves of surrogate pairs become U+FFFD, in texts, names and keys; whole pairs stay', () => {
    const item = one({
      ...text({ ...JANA, name: 'J\u0000\ud83d' }, 'a\u0000b\ud83dc😀'),
      element: { ...text(JANA, 'a\u0000b\ud83dc😀').element, referral: { 'k\u0000': '\ude00' } },
    })
    expect(item.text).toBe('a\uFFFDb\uFFFDc😀')
    expect(item.name).toBe('J\uFFFD\uFFFD')
    expect(item.content.referral).toEqual({ 'k\uFFFD': '\uFFFD' })
  })

  test('a name that is cut is not cut within a character', () => {
    for (const pad of [198, 199, 200]) {
      const { name } = one(text({ ...JANA, name: `${'x'.repeat(pad)}😀😀` }, 'x'))
      expect(name?.isWellFormed()).toBe(true)
      expect(name?.length).toBeLessThanOrEqual(200)
    }
  })

  test('`__proto__` in a content is an ordinary key, and changes nobody’s prototype', () => {
    const body = JSON.stringify(webhook(NUMBER, text(JANA, 'x'))).replace(
      '"body":"x"',
      '"body":"x","__proto__":{"polluted":true}',
    )
    const [item] = openEnvelope(Buffer.from(body))
    expect(JSON.stringify(item)).toContain('"__proto__":{"polluted":true}')
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
    expect(Object.getPrototypeOf(item?.item === 'message' ? item.content : null)).toBe(Object.prototype)
  })

  test('content deeper than any parser takes is cut off there, and kept above', () => {
    let deep: unknown = 'end'
    for (let n = 0; n < 1_000; n++) deep = { deep }
    const { content } = one(message(JANA, 'text', { text: { body: 'x', deep } }))
    expect(content.body).toBe('x')
    expect(JSON.stringify(content).length).toBeLessThan(1_000)
  })

  test.each([
    ['1700000000', 1_700_000_000_000],
    [1_700_000_000, 1_700_000_000_000],
    ['1700000000000', null],
    ['soon', null],
    ['', null],
    ['-1', null],
    [null, null],
    [{}, null],
  ])('the timestamp %j is %s', (timestamp, metaTime) => {
    expect(one(element({ id: 'wamid.1', from: '420', timestamp, type: 'text' })).metaTime).toBe(metaTime)
  })
})

describe('statuses', () => {
  test.each(['sent', 'delivered', 'read', 'played', 'failed', 'deleted', 'teleported'])(
    '%s is read as it is',
    (word) => {
      expect(oneStatus(status('wamid.1', word, { at: AT, to: JANA, opaque: 'abc', code: 131047 }))).toMatchObject({
        wamid: 'wamid.1',
        status: word,
        metaTime: AT,
        opaque: 'abc',
        aliases: [
          { kind: 'bsuid', value: JANA.bsuid },
          { kind: 'phone', value: JANA.phone },
        ],
        body: { errors: [{ code: 131047 }] },
      })
    },
  )

  test('the recipient may be absent, a BSUID only, or a BSUID where the phone used to be', () => {
    expect(oneStatus(status('w', 'sent')).aliases).toEqual([])
    expect(oneStatus(status('w', 'sent', { to: { bsuid: 'CZ.1' } })).aliases).toEqual([
      { kind: 'bsuid', value: 'CZ.1' },
    ])
    expect(oneStatus(status('w', 'sent', { more: { recipient_id: 'CZ.1' } })).aliases).toEqual([
      { kind: 'bsuid', value: 'CZ.1' },
    ])
  })

  test('a group’s status names no client', () => {
    expect(oneStatus(status('w', 'read', { to: JANA, more: { recipient_type: 'group' } })).aliases).toEqual([])
  })

  test('without a status or an id it is invalid', () => {
    for (const [more, reason] of [
      [{ status: undefined }, 'no-status'],
      [{ status: 7 }, 'no-status'],
      [{ status: 'x'.repeat(100) }, 'no-status'],
      [{ id: null }, 'no-id'],
    ] as const) {
      expect(open(webhook(NUMBER, status('w', 'sent', { more })))).toMatchObject([{ item: 'invalid', reason }])
    }
  })
})
