// WhatsApp's own marks in a text: *bold*, _italic_, ~struck~, `code`, ```block```, and addresses of pages. The result
// is a tree for the view to draw; marks that mean nothing stay as they were written, so no character is ever lost.

export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'bold' | 'italic' | 'strike'; readonly mark: string; readonly pieces: readonly Piece[] }
  | { readonly kind: 'code' | 'block'; readonly mark: string; readonly text: string }
  | { readonly kind: 'link'; readonly text: string; readonly href: string }

const KINDS = { '*': 'bold', _: 'italic', '~': 'strike' } as const
type Mark = keyof typeof KINDS
const isMark = (char: string | undefined): char is Mark => char !== undefined && char in KINDS

const WORD = /[\p{L}\p{N}]/u
const LINKS = /https?:\/\/[^\s<>"]+/giu
const LINK_HERE = /https?:\/\/[^\s<>"]+/iuy
/** A sentence's own punctuation behind an address is not a part of it. */
const TRAILING = /[.,;:!?)\]}'’*_~]+$/u
/** Nested marks are three kinds; deeper nesting can only be somebody's game. */
const DEEPEST = 3

export const parse = (text: string): readonly Piece[] => parseInside(text, DEEPEST)

/** By mark: up to where it is known that none closes, so that a long line of openings is not searched for each. */
type Unclosed = Partial<Record<Mark, number>>

function parseInside(text: string, depth: number): readonly Piece[] {
  const pieces: Piece[] = []
  const unclosed: Unclosed = {}
  let plainFrom = 0
  const flush = (to: number) => {
    if (to > plainFrom) pieces.push(...withLinks(text.slice(plainFrom, to)))
  }
  for (let at = 0; at < text.length; ) {
    const found = markedAt(text, at, depth, unclosed)
    if (found === null) {
      at = skipLink(text, at)
      continue
    }
    flush(at)
    pieces.push(found.piece)
    at = found.end
    plainFrom = at
  }
  flush(text.length)
  return pieces
}

interface Found {
  readonly piece: Piece
  readonly end: number
}

function markedAt(text: string, at: number, depth: number, unclosed: Unclosed): Found | null {
  const char = text[at]
  if (char === '`') return codeAt(text, at)
  if (!isMark(char) || depth === 0 || !opens(text, at) || at < (unclosed[char] ?? 0)) return null
  const { close, upTo } = closing(text, at, char)
  if (close === null) {
    unclosed[char] = upTo
    return null
  }
  const pieces = parseInside(text.slice(at + 1, close), depth - 1)
  return { piece: { kind: KINDS[char], mark: char, pieces }, end: close + 1 }
}

function codeAt(text: string, at: number): Found | null {
  const mark = text.startsWith('```', at) ? '```' : '`'
  const close = text.indexOf(mark, at + mark.length)
  const inner = close === -1 ? '' : text.slice(at + mark.length, close)
  if (inner.trim() === '' || (mark === '`' && inner.includes('\n'))) return null
  return { piece: { kind: mark === '`' ? 'code' : 'block', mark, text: inner }, end: close + mark.length }
}

/** A mark opens at the edge of a word, and before something that is not a space. */
function opens(text: string, at: number): boolean {
  const before = text[at - 1]
  const after = text[at + 1]
  return (before === undefined || !WORD.test(before)) && after !== undefined && !/\s/.test(after) && after !== text[at]
}

/** The mark's end on the same line, or none, and then it is only a character. */
function closing(text: string, at: number, mark: Mark): { readonly close: number | null; readonly upTo: number } {
  let end = at + 2
  for (; end < text.length && text[end] !== '\n'; end += 1) {
    const before = text[end - 1] ?? ' '
    const after = text[end + 1]
    const closes =
      text[end] === mark && !/\s/.test(before) && before !== mark && (after === undefined || !WORD.test(after))
    if (closes) return { close: end, upTo: end }
  }
  return { close: null, upTo: end }
}

/** Marks within an address belong to the address. */
function skipLink(text: string, at: number): number {
  if (text[at] !== 'h' && text[at] !== 'H') return at + 1
  LINK_HERE.lastIndex = at
  const match = LINK_HERE.exec(text)
  return match === null ? at + 1 : at + match[0].replace(TRAILING, '').length
}

function withLinks(text: string): readonly Piece[] {
  const pieces: Piece[] = []
  let from = 0
  for (const match of text.matchAll(LINKS)) {
    const link = match[0].replace(TRAILING, '')
    if (!URL.canParse(link)) continue
    if (match.index > from) pieces.push({ kind: 'text', text: text.slice(from, match.index) })
    pieces.push({ kind: 'link', text: link, href: link })
    from = match.index + link.length
  }
  if (from < text.length) pieces.push({ kind: 'text', text: text.slice(from) })
  return pieces
}

/** The text as it was written: what `parse` was given. */
export const written = (pieces: readonly Piece[]): string =>
  pieces
    .map((piece) => {
      if ('pieces' in piece) return piece.mark + written(piece.pieces) + piece.mark
      return 'mark' in piece ? piece.mark + piece.text + piece.mark : piece.text
    })
    .join('')

/** One line without marks, for lists and quotes. */
export const plain = (text: string): string => flat(parse(text)).replace(/\s+/g, ' ').trim()

const flat = (pieces: readonly Piece[]): string =>
  pieces.map((piece) => ('pieces' in piece ? flat(piece.pieces) : piece.text)).join('')
