// The `#` of the text field: which call stands at the caret, what it finds, and the keys while its list is open.
import { useSignal } from '@preact/signals'
import type { RefObject } from 'preact'
import { useId } from 'preact/hooks'
import type { CannedText } from '../../api/types.ts'
import { asking, cannedLanguage, cannedTexts, chooseCanned, chooseLanguage, loadCanned } from '../../store/canned.ts'
import { type Call, callAt, matching } from '../../text/canned.ts'
import { CannedForm } from './canned-form.tsx'
import { CannedList, languagesOf, optionId } from './canned-list.tsx'
import css from './templates.module.css'

export function useCanned(sessionId: string, area: RefObject<HTMLTextAreaElement | null>) {
  const listId = useId()
  const call = useSignal<Call | null>(null)
  const chosen = useSignal(0)
  const problem = useSignal<string | null>(null)
  const asked = asking.row(sessionId).value
  const shown = call.value === null ? [] : matching(cannedTexts.value ?? [], call.value.query)
  const open = call.value !== null && asked === undefined

  /** After each change of the text or of the caret. */
  const look = () => {
    const element = area.current
    const found = element === null ? null : callAt(element.value, element.selectionStart)
    if (found?.query !== call.peek()?.query) chosen.value = 0
    if (found !== null && call.peek() === null) void loadCanned()
    call.value = found
  }

  const choose = (text: CannedText) => {
    const at = call.peek()
    call.value = null
    void chooseCanned(sessionId, text, at).then((why) => {
      problem.value = why
    })
  }

  /** Whether the key was the list's. */
  const onKeyDown = (event: KeyboardEvent): boolean => {
    if (!open) return false
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (step !== 0 && shown.length > 0) chosen.value = (chosen.peek() + step + shown.length) % shown.length
    else if (event.key === 'Enter' && !event.shiftKey && shown[chosen.peek()] !== undefined)
      choose(shown[chosen.peek()] as CannedText)
    else if (event.key === 'Tab' && !event.shiftKey && languagesOf(cannedTexts.peek() ?? []).length > 1) nextLanguage()
    else if (event.key === 'Escape') call.value = null
    else return false
    event.preventDefault()
    return true
  }

  /** For those who do not know the #, and for the button that shows it. */
  const call_ = () => {
    const element = area.current
    if (element === null) return
    element.focus()
    const before = element.value.slice(0, element.selectionStart)
    element.setRangeText(
      before === '' || /\s$/.test(before) ? '#' : ' #',
      element.selectionStart,
      element.selectionEnd,
      'end',
    )
    element.dispatchEvent(new Event('input', { bubbles: true }))
  }

  const above =
    asked !== undefined ? (
      <CannedForm key={asked.name} sessionId={sessionId} asked={asked} />
    ) : open ? (
      <CannedList id={listId} shown={shown} chosen={chosen.value} onChoose={choose} />
    ) : problem.value !== null ? (
      <p class={`note danger ${css.problem}`}>{problem.value}</p>
    ) : null

  return {
    above,
    look,
    onKeyDown,
    call: call_,
    close: () => {
      call.value = null
    },
    /** For the text field: what the list above it is, and which line is meant. */
    aria: open
      ? ({
          'aria-autocomplete': 'list',
          'aria-controls': listId,
          ...(shown.length > 0 ? { 'aria-activedescendant': optionId(listId, chosen.value) } : {}),
        } as const)
      : {},
  }
}

function nextLanguage(): void {
  const languages = languagesOf(cannedTexts.peek() ?? [])
  const at = languages.indexOf(cannedLanguage.peek() ?? languages[0] ?? '')
  const next = languages[(at + 1) % languages.length]
  if (next !== undefined) chooseLanguage(next)
}
