// A HeroCard's fields on the screen, and what becomes of the answers.
import { describe, expect, it } from 'vitest'
import type { HeroCard } from '../../../console/src/api/types.ts'
import { chosenCard, fieldsOf, withValues } from '../../../console/src/text/hero-card.ts'

type Form = NonNullable<HeroCard['form']>
const card = (form: Partial<Form>): Pick<HeroCard, 'name' | 'language' | 'form'> => ({
  name: 'order',
  language: 'en',
  form: { named: false, header: null, body: { text: '', variables: [] }, footer: null, buttons: [], ...form },
})

describe('a HeroCard', () => {
  it('asks for each value once, and gives them in their order', () => {
    const one = card({
      header: { format: 'text', text: 'Order {{1}}', variables: ['1'] },
      body: { text: '{{1}} on {{2}}', variables: ['1', '2'] },
      buttons: [
        { type: 'reply', text: 'Yes' },
        { type: 'url', text: 'Look', url: 'https://example.com/{{1}}', takesSuffix: true },
        { type: 'copyCode', text: 'Copy' },
      ],
    })
    expect(fieldsOf(one).map(({ key }) => key)).toEqual(['header.0', 'body.0', 'body.1', 'button.1', 'button.2'])
    const values = { 'header.0': '7', 'body.0': 'Jana', 'body.1': 'Friday', 'button.1': 'a', 'button.2': 'SAVE' }
    expect(chosenCard(one, values).parameters).toEqual({
      header: ['7'],
      body: ['Jana', 'Friday'],
      buttons: [
        { index: 1, value: 'a' },
        { index: 2, value: 'SAVE' },
      ],
    })
  })

  it('gives named values by name, a place as a place, and nothing where nothing is asked', () => {
    const named = card({ named: true, body: { text: '{{who}}', variables: ['who'] } })
    expect(chosenCard(named, { 'body.0': 'Jana' }).parameters).toEqual({ body: { who: 'Jana' } })
    const place = card({ header: { format: 'location' } })
    expect(chosenCard(place, { 'header.latitude': '49.2', 'header.longitude': '16.6' }).parameters).toEqual({
      header: [{ latitude: 49.2, longitude: 16.6 }],
    })
    expect(chosenCard(card({}), {}).parameters).toEqual({})
  })

  it('shows what is not filled in yet by its name', () => {
    expect(withValues('{{1}} on {{2}}', ['1', '2'], 'body', { 'body.0': 'Jana' })).toBe('Jana on {{2}}')
  })
})
