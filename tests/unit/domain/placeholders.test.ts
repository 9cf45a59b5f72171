import { describe, expect, test } from 'vitest'
import { missingOf, partsOf, textOf } from '../../../src/domain/placeholders.ts'

const known = { 'client.name': 'Jana', 'operator.name': 'Olga', 'contact.email': null, 'contact.customer_number': '' }

describe('placeholders', () => {
  test('are filled with what is known, however they are written', () => {
    const parts = partsOf('Hello {{client.name}}, this is {{ Operator.Name }}.', known)
    expect(textOf(parts)).toBe('Hello Jana, this is Olga.')
    expect(missingOf(parts)).toEqual([])
  })

  test('are asked for where nobody knows them: own words, and facts that are missing; each once', () => {
    const parts = partsOf(
      '{{order  number}} to {{contact.email}}, {{Order number}}: {{contact.customer_number}}',
      known,
    )
    expect(missingOf(parts)).toEqual(['order number', 'contact.email', 'contact.customer_number'])
    expect(textOf(parts)).toBe('{{order number}} to {{contact.email}}, {{Order number}}: {{contact.customer_number}}')
  })

  test.each(['{client.name}', '{{}}', '{{ }}', '{{a\nb}}', '}}{{', '{{{', 'plain', ''])(
    'leave alone what is none: %j',
    (text) => {
      expect(textOf(partsOf(text, known))).toBe(text)
      expect(missingOf(partsOf(text, known))).toEqual([])
    },
  )

  test('in what is filled in are text, never filled again', () => {
    const parts = partsOf('{{client.name}}', { 'client.name': '{{operator.name}}', 'operator.name': 'Olga' })
    expect(textOf(parts)).toBe('{{operator.name}}')
    expect(missingOf(parts)).toEqual([])
  })

  test('name no property that every object has', () => {
    expect(missingOf(partsOf('{{constructor}} {{__proto__}}', known))).toEqual(['constructor', '__proto__'])
  })
})
