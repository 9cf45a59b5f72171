// Placeholders of canned texts: `{{client.name}}`. What is known is filled in; what is not (a word of the author's own,
// or a fact that this client lacks) is left to be asked for, never guessed and never sent as it stands.

export interface Part {
  /** Null in a part of plain text. */
  readonly placeholder: string | null
  /** Null where it has to be asked for. */
  readonly text: string | null
}

const PLACEHOLDER = /\{\{[^\S\n]*([^\s{}](?:[^{}\n]{0,78}[^\s{}])?)[^\S\n]*\}\}/g

/** Names are compared without case and doubled spaces; they are shown as they were written. */
const nameOf = (written: string): string => written.toLowerCase().replace(/\s+/g, ' ')

export function partsOf(template: string, known: Readonly<Record<string, string | null | undefined>>): readonly Part[] {
  const facts = new Map(Object.entries(known).map(([name, value]) => [nameOf(name), value]))
  const parts: Part[] = []
  let at = 0
  for (const match of template.matchAll(PLACEHOLDER)) {
    const written = (match[1] ?? '').replace(/\s+/g, ' ')
    if (match.index > at) parts.push({ placeholder: null, text: template.slice(at, match.index) })
    const value = facts.get(nameOf(written))
    parts.push({ placeholder: written, text: value === undefined || value === null || value === '' ? null : value })
    at = match.index + match[0].length
  }
  if (at < template.length) parts.push({ placeholder: null, text: template.slice(at) })
  return parts
}

/** What has to be asked for, each name once, in the order of the text. */
export function missingOf(parts: readonly Part[]): readonly string[] {
  const names = new Map<string, string>()
  for (const { placeholder, text } of parts) {
    if (placeholder !== null && text === null && !names.has(nameOf(placeholder)))
      names.set(nameOf(placeholder), placeholder)
  }
  return [...names.values()]
}

/** The text with what is still missing standing as it was written. */
export const textOf = (parts: readonly Part[]): string =>
  parts.map(({ placeholder, text }) => text ?? `{{${placeholder}}}`).join('')
