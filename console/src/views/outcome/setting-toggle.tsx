// A setting that is on or off, for administrators, where what it allows is at hand.
import { useSignal } from '@preact/signals'
import { outcome } from '../../api/outcome.ts'
import { problemText } from '../../parts/problem.ts'
import { me } from '../../store/app.ts'
import { settings } from '../../store/tags.ts'
import css from './outcome.module.css'

export function SettingToggle({ name, label }: { name: 'operatorsMayBan' | 'operatorsMayTag'; label: string }) {
  const problem = useSignal<string | null>(null)
  if (me.value?.role !== 'administrator' || settings.value === null) return null
  const change = async (on: boolean) => {
    try {
      settings.value = await outcome.changeSettings({ [name]: on })
      problem.value = null
    } catch (error) {
      problem.value = problemText(error)
    }
  }
  return (
    <>
      <label class={css.check}>
        <input
          type="checkbox"
          checked={settings.value[name]}
          onChange={(event) => void change(event.currentTarget.checked)}
        />
        {label}
      </label>
      <div role="alert">{problem.value === null ? null : <p class="note danger">{problem.value}</p>}</div>
    </>
  )
}
