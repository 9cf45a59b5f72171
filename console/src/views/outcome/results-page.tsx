// The tree of results, for administrators: what a session may end with, for which groups, and whether a note is asked for.
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { api } from '../../api/api.ts'
import { outcome, type ResultBody } from '../../api/outcome.ts'
import type { Group, Result } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { problemText } from '../../parts/problem.ts'
import css from './outcome.module.css'
import { Room } from './room.tsx'

interface Node {
  readonly result: Result
  readonly level: number
  readonly parentId: string | null
  readonly siblings: readonly Result[]
}

const flat = (results: readonly Result[], level: number, parentId: string | null): readonly Node[] =>
  results.flatMap((result) => [
    { result, level, parentId, siblings: results },
    ...flat(result.children ?? [], level + 1, result.id),
  ])

export function ResultsPage() {
  const tree = useSignal<readonly Result[] | null>(null)
  const groups = useSignal<readonly Group[]>([])
  const editing = useSignal<string | null>(null)
  const problem = useSignal<string | null>(null)
  const load = async () => {
    tree.value = (await outcome.results()).items
  }
  useEffect(() => {
    load().catch((error: unknown) => {
      problem.value = problemText(error)
    })
    api.groups().then(
      ({ items }) => {
        groups.value = items
      },
      () => undefined,
    )
  }, [])
  const run = async (what: () => Promise<unknown>): Promise<boolean> => {
    try {
      await what()
      await load()
      problem.value = null
      return true
    } catch (error) {
      problem.value = problemText(error)
      return false
    }
  }
  /** Places are counted anew among the siblings, so that a step up or down is always one. */
  const step = ({ result, siblings }: Node, by: -1 | 1) => {
    const order = [...siblings]
    const from = order.findIndex((one) => one.id === result.id)
    const [moved] = order.splice(from, 1)
    if (moved === undefined) return
    order.splice(from + by, 0, moved)
    void run(async () => {
      for (const [position, one] of order.entries())
        if (one.position !== position) await outcome.changeResult(one.id, { position })
    })
  }
  const nodes = tree.value === null ? null : flat(tree.value, 0, null)

  return (
    <Room at="/settings/results">
      <p class="quiet">{t('results.lead')}</p>
      <ResultEditor
        submit={t('results.add')}
        groups={groups.value}
        nodes={nodes ?? []}
        onSubmit={(body) => run(() => outcome.addResult({ ...body, position: (nodes ?? []).length }))}
      />
      <div role="alert">{problem.value === null ? null : <p class="note danger">{problem.value}</p>}</div>
      {nodes === null ? (
        <div aria-busy="true" />
      ) : nodes.length === 0 ? (
        <p class="quiet">{t('results.empty')}</p>
      ) : (
        <ul class={css.list}>
          {nodes.map((node) => (
            <li key={node.result.id} style={{ paddingLeft: `${node.level * 24}px` }}>
              {editing.value === node.result.id ? (
                <ResultEditor
                  node={node}
                  submit={t('results.save')}
                  groups={groups.value}
                  nodes={nodes}
                  onSubmit={async (body) => {
                    const done = await run(() => outcome.changeResult(node.result.id, body))
                    if (done) editing.value = null
                    return done
                  }}
                />
              ) : (
                <Line
                  node={node}
                  groups={groups.value}
                  onEdit={() => {
                    editing.value = node.result.id
                  }}
                  onStep={(by) => step(node, by)}
                  onArchive={(archived) => void run(() => outcome.changeResult(node.result.id, { archived }))}
                />
              )}
            </li>
          ))}
        </ul>
      )}
    </Room>
  )
}

interface LineProps {
  readonly node: Node
  readonly groups: readonly Group[]
  readonly onEdit: () => void
  readonly onStep: (by: -1 | 1) => void
  readonly onArchive: (archived: boolean) => void
}

function Line({ node, groups, onEdit, onStep, onArchive }: LineProps) {
  const { result, siblings } = node
  const { name } = result
  const own = groups.filter((group) => result.groupIds.includes(group.id)).map((group) => group.name)
  const about = [
    ...(result.archived ? [t('results.archived')] : []),
    ...(result.noteRequired ? [t('results.noteRequired')] : []),
    ...(own.length > 0 ? [t('results.only', { groups: own.join(', ') })] : []),
  ]
  return (
    <>
      <span class={css.main}>
        <span class={result.archived ? css.archived : undefined}>{name}</span>
        {about.length === 0 ? null : <span class="quiet">{about.join(' · ')}</span>}
      </span>
      <span class={css.actions}>
        <button
          type="button"
          class="button small"
          aria-label={t('results.up', { name })}
          disabled={siblings[0]?.id === result.id}
          onClick={() => onStep(-1)}
        >
          ↑
        </button>
        <button
          type="button"
          class="button small"
          aria-label={t('results.down', { name })}
          disabled={siblings.at(-1)?.id === result.id}
          onClick={() => onStep(1)}
        >
          ↓
        </button>
        <button type="button" class="button small" aria-label={t('results.edit', { name })} onClick={onEdit}>
          {t('results.editShort')}
        </button>
        <button
          type="button"
          class="button small"
          aria-label={result.archived ? t('results.restore', { name }) : t('results.archive', { name })}
          onClick={() => onArchive(!result.archived)}
        >
          {result.archived ? t('results.restoreShort') : t('results.archiveShort')}
        </button>
      </span>
    </>
  )
}

interface EditorProps {
  readonly node?: Node
  readonly submit: string
  readonly groups: readonly Group[]
  readonly nodes: readonly Node[]
  readonly onSubmit: (body: ResultBody) => Promise<boolean>
}

function ResultEditor({ node, submit, groups, nodes, onSubmit }: EditorProps) {
  const name = useSignal(node?.result.name ?? '')
  const parentId = useSignal(node?.parentId ?? '')
  const noteRequired = useSignal(node?.result.noteRequired ?? false)
  const groupIds = useSignal<readonly string[]>(node?.result.groupIds ?? [])
  return (
    <form
      class={`${css.form} ${css.main}`}
      aria-label={submit}
      onSubmit={(event) => {
        event.preventDefault()
        if (name.peek().trim() === '') return
        const body = {
          name: name.peek(),
          parentId: parentId.peek() === '' ? null : parentId.peek(),
          noteRequired: noteRequired.peek(),
          groupIds: groupIds.peek(),
        }
        void onSubmit(body).then((done) => {
          if (!done || node !== undefined) return
          name.value = ''
          noteRequired.value = false
          groupIds.value = []
        })
      }}
    >
      <div class={css.line}>
        <label class="field">
          <span>{t('results.name')}</span>
          <input
            class="input"
            maxLength={100}
            value={name.value}
            onInput={(event) => {
              name.value = event.currentTarget.value
            }}
          />
        </label>
        <label class="field">
          <span>{t('results.under')}</span>
          <select
            class="input"
            value={parentId.value}
            onChange={(event) => {
              parentId.value = event.currentTarget.value
            }}
          >
            <option value="">{t('results.top')}</option>
            {nodes
              .filter(({ result }) => result.id !== node?.result.id)
              .map(({ result, level }) => (
                <option key={result.id} value={result.id}>
                  {'— '.repeat(level) + result.name}
                </option>
              ))}
          </select>
        </label>
        <button type="submit" class="button primary" disabled={name.value.trim() === ''}>
          {submit}
        </button>
      </div>
      <label class={css.check}>
        <input
          type="checkbox"
          checked={noteRequired.value}
          onChange={(event) => {
            noteRequired.value = event.currentTarget.checked
          }}
        />
        {t('results.noteRequired')}
      </label>
      <fieldset class={css.groups} aria-label={t('results.groups')}>
        <span class="quiet">{t('results.groupsLead')}</span>
        {groups.map((group) => (
          <label key={group.id} class={css.check}>
            <input
              type="checkbox"
              checked={groupIds.value.includes(group.id)}
              onChange={(event) => {
                const others = groupIds.peek().filter((id) => id !== group.id)
                groupIds.value = event.currentTarget.checked ? [...others, group.id] : others
              }}
            />
            {group.name}
          </label>
        ))}
      </fieldset>
    </form>
  )
}
