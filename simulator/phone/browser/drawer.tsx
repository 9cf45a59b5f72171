// The drawer: all knobs, the clock, and the webhooks with their answers.
import type { ComponentChildren } from 'preact'
import type { Knobs } from '../../knobs.ts'
import { act, call, clockScale, defaults, held, knobs, knownErrors, posts, simulatedNow } from './store.ts'

const set = (change: object) => act(() => call('PUT', '/knobs', change))
const clock = (change: object) => act(() => call('PUT', '/clock', change))
const HOUR_MS = 3_600_000

type Names<T> = { [K in keyof Knobs]: Knobs[K] extends T ? K : never }[keyof Knobs]

export function Drawer() {
  const k = knobs.value
  if (!k) return null
  return (
    <aside id="drawer" class="drawer" aria-label="Knobs">
      <Group title="Clock">
        <p class="clock">
          {new Date(simulatedNow()).toLocaleString()} {clockScale() === 1 ? '' : `· ${clockScale()} × as fast`}
        </p>
        <div class="row">
          <button type="button" onClick={() => clock({ advanceMs: HOUR_MS })}>
            + 1 h
          </button>
          <button type="button" onClick={() => clock({ advanceMs: 24 * HOUR_MS })}>
            + 24 h
          </button>
          <button type="button" onClick={() => clock({ offsetMs: 0, scale: 1 })}>
            Now
          </button>
          <label>
            Speed{' '}
            <input
              type="number"
              min="1"
              value={clockScale()}
              onChange={(event) => clock({ scale: event.currentTarget.valueAsNumber })}
            />
          </label>
        </div>
      </Group>
      <Group title="Answers of the API">
        <Amount name="latencyMs" label="Latency, ms" />
        <div class="row">
          <label>
            Refuse with
            <select
              aria-label="Code to refuse with"
              value={k.refuse.code}
              onChange={(event) => set({ refuse: { code: Number(event.currentTarget.value) } })}
            >
              {knownErrors.value.map(({ code, title }) => (
                <option key={code} value={code}>
                  {code} {title.slice(0, 40)}
                </option>
              ))}
            </select>
          </label>
          <select
            aria-label="When to refuse"
            value={k.refuse.when}
            onChange={(event) => set({ refuse: { when: event.currentTarget.value } })}
          >
            <option value="now">now</option>
            <option value="later">later</option>
          </select>
          <TimesField label="Refuse so many" value={k.refuse.times} set={(times) => set({ refuse: { times } })} />
        </div>
        <Counted name="loseAnswer" label="Accept, then lose the answer" />
        <Counted name="loseRequest" label="Cut the connection, accept nothing" />
        <Counted name="holdAnswer" label="Accept, and hold the answer" />
        {held.value > 0 && (
          <button type="button" onClick={() => act(() => call('POST', '/release'))}>
            Release {held.value} held
          </button>
        )}
        <div class="row">
          <label>
            Rubbish, HTTP
            <input
              type="number"
              min="200"
              max="599"
              value={k.garble.status}
              onChange={(event) => set({ garble: { status: event.currentTarget.valueAsNumber } })}
            />
          </label>
          <label class="check">
            <input
              type="checkbox"
              checked={k.garble.accept}
              onChange={(event) => set({ garble: { accept: event.currentTarget.checked } })}
            />{' '}
            accepted
          </label>
          <TimesField
            label="Answer rubbish so many times"
            value={k.garble.times}
            set={(times) => set({ garble: { times } })}
          />
        </div>
        <Choice name="judge" label="Window and recipient are judged" options={['now', 'later']} />
        <Amount name="throughput" label="Messages a second, 0 = any" />
        <Switch name="pairRate" label="One message a pair and 6 s" />
        <Choice name="strangers" label="Unknown numbers" options={['appear', 'undeliverable']} />
      </Group>
      <Group title="Fate of messages">
        <Amount name="sentAfterMs" label="Sent after, ms" />
        <Amount name="deliveredAfterMs" label="Delivered after, ms" />
        <Counted name="skipDelivered" label="Skip delivered" />
        <Counted name="vanish" label="Vanish without a word" />
        <Counted name="holdForQuality" label="Hold templates for quality" />
        <Switch name="autoRead" label="Everybody reads at once" />
      </Group>
      <Group title="Webhooks">
        <Amount name="webhookDelayMs" label="Delay, ms" />
        <Amount name="duplicate" label="Further copies" />
        <Switch name="reorder" label="In reverse" />
        <Amount name="batch" label="Updates in one POST" />
        <Amount name="collectMs" label="Collected for, ms" />
        <Counted name="ghost" label="Ghost first (131060)" />
        <Choice name="bsuidOnly" label="Only the id, no phone" options={['off', 'messages', 'all']} />
        <Switch name="noProfile" label="No profile" />
        <Amount name="retryFirstMs" label="First retry after, ms" />
      </Group>
      <button type="button" onClick={() => act(() => call('DELETE', '/knobs'))}>
        Everything as usual
      </button>
      <Group title="Posted">
        <ol class="posts">
          {[...posts.value.values()]
            .reverse()
            .slice(0, 40)
            .map((post) => (
              <li key={post.id} class={post.state}>
                <details>
                  <summary>
                    {new Date(post.firstAt).toLocaleTimeString()} {post.copyOf ? 'copy ' : ''}
                    {post.tries.map(({ status, error }) => status ?? error).join(', ') || 'on its way'}
                    {post.state === 'waiting' && post.nextAt ? ' · comes again' : ''}
                  </summary>
                  <pre>{JSON.stringify(JSON.parse(post.body), null, 2)}</pre>
                </details>
              </li>
            ))}
        </ol>
      </Group>
    </aside>
  )
}

const Group = ({ title, children }: { title: string; children: ComponentChildren }) => (
  <fieldset>
    <legend>{title}</legend>
    {children}
  </fieldset>
)

const changed = (name: keyof Knobs): string =>
  JSON.stringify(knobs.value?.[name]) === JSON.stringify(defaults.value?.[name]) ? 'knob' : 'knob turned'

const Amount = ({ name, label }: { name: Names<number>; label: string }) => (
  <label class={changed(name)}>
    <span>{label}</span>
    <input
      type="number"
      min="0"
      value={knobs.value?.[name]}
      onChange={(event) => set({ [name]: event.currentTarget.valueAsNumber })}
    />
  </label>
)

const Switch = ({ name, label }: { name: Names<boolean>; label: string }) => (
  <label class={changed(name)}>
    <span>{label}</span>
    <input
      type="checkbox"
      checked={knobs.value?.[name]}
      onChange={(event) => set({ [name]: event.currentTarget.checked })}
    />
  </label>
)

const Choice = ({
  name,
  label,
  options,
}: {
  name: 'judge' | 'strangers' | 'bsuidOnly'
  label: string
  options: readonly string[]
}) => (
  <label class={changed(name)}>
    <span>{label}</span>
    <select value={knobs.value?.[name]} onChange={(event) => set({ [name]: event.currentTarget.value })}>
      {options.map((option) => (
        <option key={option}>{option}</option>
      ))}
    </select>
  </label>
)

type Times = Knobs['loseAnswer']
const Counted = ({
  name,
  label,
}: {
  name: 'loseAnswer' | 'loseRequest' | 'holdAnswer' | 'skipDelivered' | 'vanish' | 'holdForQuality' | 'ghost'
  label: string
}) => (
  <div class={changed(name)}>
    <span>{label}</span>
    <TimesField label={label} value={knobs.value?.[name] ?? 0} set={(times) => set({ [name]: times })} />
  </div>
)

const TimesField = ({ label, value, set: give }: { label: string; value: Times; set: (times: Times) => void }) => (
  <span class="times">
    <input
      type="number"
      min="0"
      aria-label={`${label}: the next`}
      disabled={value === 'all'}
      value={value === 'all' ? '' : value}
      onChange={(event) => give(event.currentTarget.valueAsNumber)}
    />
    <label class="check">
      <input
        type="checkbox"
        aria-label={`${label}: all`}
        checked={value === 'all'}
        onChange={(event) => give(event.currentTarget.checked ? 'all' : 0)}
      />{' '}
      all
    </label>
  </span>
)
