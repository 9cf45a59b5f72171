// The emoji that operators need most, by hand; all others come from the keyboard.
import { useId, useRef } from 'preact/hooks'
import { t } from '../../i18n/t.ts'
import { SmileIcon } from '../../parts/icons.tsx'
import css from './composer.module.css'

const EMOJI = [
  ...'😀😃😄😁😅😂🙂😉😊😇😍😘😎🤗🤔😐😕🙁😢😭😮😡🙄😴',
  ...'👍👎👌👏🙏👋💪🤝🎉🎁🔥⭐✅❌❗❓💡📦🚚📞📷📄📅⏰💶💳🏠🚗',
]

export function Emoji({ onChoose }: { onChoose: (emoji: string) => void }) {
  const id = useId()
  const popover = useRef<HTMLElement>(null)
  return (
    <>
      <button
        type="button"
        class={`button bare icon ${css.emojiButton}`}
        aria-label={t('composer.emoji')}
        title={t('composer.emoji')}
        popovertarget={id}
      >
        <SmileIcon size={18} />
      </button>
      <section ref={popover} id={id} popover="auto" class={css.emoji} aria-label={t('composer.emoji')}>
        {EMOJI.map((emoji) => (
          <button
            key={emoji}
            type="button"
            onClick={() => {
              popover.current?.hidePopover()
              onChoose(emoji)
            }}
          >
            {emoji}
          </button>
        ))}
      </section>
    </>
  )
}
