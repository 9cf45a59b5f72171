// A HeroCard's form as fields on a screen: what is asked for, and what becomes of the answers.
import type { ChosenCard } from '../api/start.ts'
import type { HeroCard } from '../api/types.ts'

export interface CardField {
  /** `header.0`, `body.1`, `button.2`. */
  readonly key: string
  /** The variable's name, or the button's text. */
  readonly label: string
  readonly kind: 'text' | 'link' | 'number'
}

type Values = Readonly<Record<string, string>>

export function fieldsOf({ form }: Pick<HeroCard, 'form'>): readonly CardField[] {
  if (form === null) return []
  const { header } = form
  const fields: CardField[] = []
  const texts = (where: string, variables: readonly string[]): void =>
    variables.forEach((label, n) => void fields.push({ key: `${where}.${n}`, label, kind: 'text' }))
  if (header?.format === 'text') texts('header', header.variables)
  else if (header?.format === 'location') {
    fields.push({ key: 'header.latitude', label: 'latitude', kind: 'number' })
    fields.push({ key: 'header.longitude', label: 'longitude', kind: 'number' })
  } else if (header !== null) fields.push({ key: 'header.0', label: header.format, kind: 'link' })
  texts('body', form.body.variables)
  for (const [index, button] of form.buttons.entries()) {
    if ((button.type === 'url' && button.takesSuffix === true) || button.type === 'copyCode')
      fields.push({ key: `button.${index}`, label: button.text, kind: 'text' })
  }
  return fields
}

export function chosenCard(card: Pick<HeroCard, 'name' | 'language' | 'form'>, values: Values): ChosenCard {
  const { name, language, form } = card
  if (form === null) return { name, language, parameters: {} }
  const value = (key: string): string => values[key] ?? ''
  const { header, body } = form
  const listed = (where: string, variables: readonly string[]) => variables.map((_, n) => value(`${where}.${n}`))
  const buttons = fieldsOf(card)
    .filter(({ key }) => key.startsWith('button.'))
    .map(({ key }) => ({ index: Number(key.slice('button.'.length)), value: value(key) }))
  const headers =
    header === null
      ? []
      : header.format === 'text'
        ? listed('header', header.variables)
        : header.format === 'location'
          ? [{ latitude: Number(value('header.latitude')), longitude: Number(value('header.longitude')) }]
          : [value('header.0')]
  const bodies = listed('body', body.variables)
  return {
    name,
    language,
    parameters: {
      ...(headers.length === 0 ? {} : { header: headers }),
      ...(bodies.length === 0
        ? {}
        : { body: form.named ? Object.fromEntries(body.variables.map((one, n) => [one, bodies[n] ?? ''])) : bodies }),
      ...(buttons.length === 0 ? {} : { buttons }),
    },
  }
}

/** What is not filled in yet stands there by its name. */
export const withValues = (text: string, variables: readonly string[], where: string, values: Values): string =>
  text.replace(/\{\{\s*(\w+)\s*\}\}/g, (all, name: string) => values[`${where}.${variables.indexOf(name)}`] || all)

export const buttonsOf = ({ form }: Pick<HeroCard, 'form'>): readonly string[] =>
  form?.buttons.map((button) => button.text) ?? []
