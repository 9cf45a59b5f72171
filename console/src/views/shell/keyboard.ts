// Keys that work wherever one is, but never while one types, with a dialog open, or with a modifier held.

type Run = (event: KeyboardEvent) => void
const runs = new Map<string, Run[]>()

const EDITS = 'input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable="true"]'

addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return
  const target = event.target instanceof Element ? event.target : null
  if (target?.closest(EDITS) != null || document.querySelector('dialog[open]') !== null) return
  const run = runs.get(event.key.length === 1 ? event.key.toLowerCase() : event.key)?.at(-1)
  run?.(event)
})

/** What was registered last answers; undone by what is returned. */
export function onKey(key: string, run: Run): () => void {
  const all = runs.get(key) ?? []
  const own: Run = (event) => run(event)
  runs.set(key, [...all, own])
  return () => {
    runs.set(
      key,
      (runs.get(key) ?? []).filter((one) => one !== own),
    )
  }
}

/** Enter belongs to whatever has the focus; only where nothing needs it may it mean something else. */
export const isFree = (event: KeyboardEvent): boolean =>
  !(event.target instanceof Element) || event.target.closest('button, summary, a:not([data-row])') === null

const SEQUENCE_MS = 1_500

/** A letter, then another one soon after: "G then C". The second key is the sequence's alone. */
export function onSequence(first: string, then: Readonly<Record<string, () => void>>): () => void {
  let forget = (): void => {}
  const undo = onKey(first, () => {
    forget()
    const undos = Object.entries(then).map(([key, run]) =>
      onKey(key, (event) => {
        event.preventDefault()
        forget()
        run()
      }),
    )
    const timer = setTimeout(() => forget(), SEQUENCE_MS)
    forget = () => {
      clearTimeout(timer)
      for (const one of undos) one()
      forget = () => {}
    }
  })
  return () => {
    forget()
    undo()
  }
}
