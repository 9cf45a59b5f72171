// HeroCards as rules: what may be sent, what has to be filled in, and that filling in never throws.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  fill,
  formOf,
  type Parameters,
  sendable,
  type Template,
  type TemplateForm,
} from '../../../src/domain/template.ts'

const template = (components: Template['components'], more: Partial<Template> = {}): Template => ({
  name: 'order',
  language: 'en',
  category: 'UTILITY',
  status: 'APPROVED',
  parameterFormat: 'POSITIONAL',
  components,
  ...more,
})
const form = (...args: Parameters_): TemplateForm => {
  const read = formOf(template(...args))
  if (typeof read === 'string') throw new Error(read)
  return read
}
type Parameters_ = globalThis.Parameters<typeof template>

const full = form([
  { type: 'HEADER', format: 'IMAGE' },
  { type: 'BODY', text: 'Hello {{1}}, {{2}} comes. Bye {{1}}' },
  { type: 'FOOTER', text: 'Thanks' },
  {
    type: 'BUTTONS',
    buttons: [
      { type: 'QUICK_REPLY', text: 'Yes' },
      { type: 'URL', text: 'Look', url: 'https://example.com/{{1}}' },
      { type: 'COPY_CODE', text: 'Copy' },
    ],
  },
])
const link = 'https://example.com/a.png'

describe('whether a HeroCard may be sent', () => {
  it('is said by its state at WhatsApp', () => {
    const states = [
      ['PAUSED', 'paused'],
      ['REJECTED', 'rejected'],
      ['SOMETHING_NEW', 'notApproved'],
    ] as const
    for (const [status, because] of states)
      expect(sendable(template([{ type: 'BODY', text: 'Hi' }], { status }))).toEqual({ because })
    expect(sendable(template([{ type: 'BODY', text: 'Hi' }], { status: 'approved' }))).toHaveProperty('form')
  })

  it('is said by its kind', () => {
    const kinds = [
      [[{ type: 'CAROUSEL', cards: [] }], 'carousel'],
      [[{ type: 'LIMITED_TIME_OFFER' }], 'limitedTimeOffer'],
      [[{ type: 'BUTTONS', buttons: [{ type: 'FLOW', text: 'Go' }] }], 'flow'],
      [[{ type: 'BUTTONS', buttons: [{ type: 'CATALOG', text: 'Go' }] }], 'catalog'],
      [[{ type: 'HEADER', format: 'HOLOGRAM' }], 'unsupported'],
    ] as const
    for (const [components, because] of kinds) expect(sendable(template(components))).toEqual({ because })
    expect(sendable(template([], { category: 'AUTHENTICATION' }))).toEqual({ because: 'oneTimePassword' })
  })
})

describe('filling in', () => {
  it('gives Meta its components and people the card', () => {
    const outcome = fill(full, {
      header: [link],
      body: ['Jana', 'Petr'],
      buttons: [
        { index: 1, value: '7' },
        { index: 2, value: 'SAVE10' },
      ],
    })
    expect(outcome).toEqual({
      ok: true,
      filled: {
        components: [
          { type: 'header', parameters: [{ type: 'image', image: { link } }] },
          {
            type: 'body',
            parameters: [
              { type: 'text', text: 'Jana' },
              { type: 'text', text: 'Petr' },
            ],
          },
          { type: 'button', sub_type: 'url', index: '1', parameters: [{ type: 'text', text: '7' }] },
          {
            type: 'button',
            sub_type: 'copy_code',
            index: '2',
            parameters: [{ type: 'coupon_code', coupon_code: 'SAVE10' }],
          },
        ],
        shown: {
          header: { format: 'image', link },
          body: 'Hello Jana, Petr comes. Bye Jana',
          footer: 'Thanks',
          buttons: [
            { type: 'reply', text: 'Yes', value: null },
            { type: 'url', text: 'Look', value: 'https://example.com/7' },
            { type: 'copyCode', text: 'Copy', value: 'SAVE10' },
          ],
        },
      },
    })
  })

  it('points at each mistake', () => {
    const outcome = fill(full, { header: ['nowhere'], body: ['a\nb', '', 'more'], buttons: [{ index: 7, value: 'x' }] })
    expect(outcome).toEqual({
      ok: false,
      mistakes: [
        { pointer: '/header/0', problem: 'notALink' },
        { pointer: '/body/2', problem: 'unexpected' },
        { pointer: '/body/0', problem: 'characters' },
        { pointer: '/body/1', problem: 'empty' },
        { pointer: '/buttons/0/index', problem: 'unexpected' },
        { pointer: '/buttons/1/value', problem: 'missing' },
        { pointer: '/buttons/1/value', problem: 'missing' },
      ],
    })
  })

  it('takes values by name where the HeroCard names them, in any order', () => {
    const named = form([{ type: 'BODY', text: '{{who}} at {{when}}' }], { parameterFormat: 'NAMED' })
    const outcome = fill(named, { body: { when: 'noon', who: 'Jana' } })
    expect(outcome.ok && outcome.filled.shown.body).toBe('Jana at noon')
    expect(outcome.ok && outcome.filled.components).toEqual([
      {
        type: 'body',
        parameters: [
          { type: 'text', parameter_name: 'who', text: 'Jana' },
          { type: 'text', parameter_name: 'when', text: 'noon' },
        ],
      },
    ])
    expect(fill(named, { body: { who: 'Jana', where: 'Brno' } })).toEqual({
      ok: false,
      mistakes: [
        { pointer: '/body/where', problem: 'unexpected' },
        { pointer: '/body/when', problem: 'missing' },
      ],
    })
    // A value that is no text of the template's own: what every object inherits is not given.
    expect(fill(form([{ type: 'BODY', text: '{{toString}}' }], { parameterFormat: 'NAMED' }), { body: {} }).ok).toBe(
      false,
    )
  })

  it('never throws, and never lets a card through that lacks a value', () => {
    const value = fc.oneof(fc.string(), fc.constantFrom('', ' ', 'a\tb', link, 'x'.repeat(2_000)))
    const parameters: fc.Arbitrary<Parameters> = fc.record(
      {
        header: fc.array(fc.oneof(value, fc.record({ latitude: fc.double(), longitude: fc.double() })), {
          maxLength: 3,
        }),
        body: fc.oneof(
          fc.array(value, { maxLength: 4 }),
          fc.dictionary(fc.constantFrom('1', '2', 'who', '__proto__'), value),
        ),
        buttons: fc.array(fc.record({ index: fc.integer({ min: -1, max: 4 }), value }), { maxLength: 4 }),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(parameters, (given) => {
        const outcome = fill(full, given)
        if (!outcome.ok) {
          expect(outcome.mistakes.length).toBeGreaterThan(0)
          return
        }
        const { components, shown } = outcome.filled
        expect(components.map(({ type }) => type)).toEqual(expect.arrayContaining(['header', 'body', 'button']))
        expect(shown.body).not.toContain('{{1}}')
        expect(shown.body.length).toBeLessThanOrEqual(1024)
      }),
    )
  })
})
