// Where the focus goes in an open conversation: to the composer, or to one message.

const FRAMES = 120

/** Asked for by what one has just done; given up once the focus went elsewhere, or no field comes. */
export function focusComposer(): void {
  const before = document.activeElement
  const look = (frames: number) => {
    const now = document.activeElement
    if (now !== before && now !== document.body) return
    const field = document.querySelector<HTMLElement>('[data-composer]')
    if (field !== null) field.focus()
    else if (frames > 0) requestAnimationFrame(() => look(frames - 1))
  }
  requestAnimationFrame(() => look(FRAMES))
}

/** Brings a message into view and shows which one is meant. */
export function jumpTo(messageId: string): boolean {
  const bubble = document.querySelector<HTMLElement>(`[data-message="${CSS.escape(messageId)}"]`)
  if (bubble === null) return false
  bubble.scrollIntoView({ block: 'center' })
  bubble.focus()
  return true
}
