// The list that `#` opens above the text field. The field keeps the focus: arrows walk, Enter inserts, Tab changes the
// language, Escape closes.
import { useEffect, useRef } from 'preact/hooks'
import type { CannedText } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { cannedLanguage, cannedProblem, cannedTexts, chooseLanguage } from '../../store/canned.ts'
import { variantOf } from '../../text/canned.ts'
import css from './templates.module.css'

interface Props {
  readonly id: string
  readonly shown: readonly CannedText[]
  readonly chosen: number
  readonly onChoose: (text: CannedText) => void
}

export const optionId = (listId: string, n: number): string => `${listId}-${n}`

export const languagesOf = (texts: readonly CannedText[]): readonly string[] => [
  ...new Set(texts.flatMap((text) => text.variants.map(({ language }) => language))),
]

export function CannedList({ id, shown, chosen, onChoose }: Props) {
  const list = useRef<HTMLDivElement>(null)
  const languages = languagesOf(cannedTexts.value ?? [])
  useEffect(() => {
    list.current?.children[chosen]?.scrollIntoView({ block: 'nearest' })
  }, [chosen])
  return (
    <div class={css.list}>
      <header class={css.listHead}>
        <strong>{t('canned.title')}</strong>
        {languages.length > 1 ? (
          <div class={css.languages}>
            {languages.map((language) => (
              <button
                key={language}
                type="button"
                class="button small"
                aria-pressed={language === (cannedLanguage.value ?? languages[0])}
                // The text field keeps the focus.
                onMouseDown={(event) => event.preventDefault()}
                onClick={() => chooseLanguage(language)}
              >
                {language}
              </button>
            ))}
          </div>
        ) : null}
        <span class="quiet">{t('canned.keys')}</span>
      </header>
      {cannedProblem.value === null ? null : <p class="note danger">{cannedProblem.value}</p>}
      {shown.length === 0 ? (
        <p class={css.none}>{cannedTexts.value === null ? t('canned.loading') : t('canned.none')}</p>
      ) : null}
      <div ref={list} id={id} role="listbox" tabIndex={0} aria-label={t('canned.title')} class={css.options}>
        {shown.map((text, n) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the text field's
          // biome-ignore lint/a11y/useFocusableInteractive: as above
          <div
            key={text.id}
            id={optionId(id, n)}
            role="option"
            aria-selected={n === chosen}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => onChoose(text)}
          >
            <CannedLine text={text} />
          </div>
        ))}
      </div>
    </div>
  )
}

export const CannedLine = ({ text }: { text: CannedText }) => (
  <>
    <span class={css.lineHead}>
      <span class={css.name}>{text.name}</span>
      {text.shortcut === null ? null : <span class={css.shortcut}>#{text.shortcut}</span>}
      <span class="quiet">
        {[text.folder?.name, text.scope === 'group' ? text.groupName : t(`canned.scope.${text.scope}`)]
          .filter((part) => part !== undefined && part !== null)
          .join(' · ')}
      </span>
    </span>
    <span class={css.preview}>{variantOf(text, cannedLanguage.value)?.text}</span>
  </>
)
