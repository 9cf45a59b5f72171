// The life of a session's workflow as it tells it, beside what the row says: each with its own time and rev, so that a
// difference between the two is seen for what it is.
import { z } from 'zod'
import type { Database } from '../../db/database.ts'
import { type Instant, PHASES } from '../../domain/words.ts'
import { loadStates, type SessionState, snapshotOf } from '../../sessions/state.ts'
import type { SessionLife } from '../../workflows/contract.ts'
import { Problem } from '../problems.ts'
import { isoOf, time } from './common.ts'
import { textFieldSchema } from './session.ts'

const timersSchema = z.array(z.object({ name: z.string(), dueAt: time }))

const sendsSchema = z.object({
  pending: z.int(),
  calling: z.int().describe('At Meta, whose answer is awaited'),
  waitUntil: time.nullable().describe('Until when pacing holds the first one back'),
})

export const workflowSchema = z
  .object({
    answered: z
      .boolean()
      .describe('False: Temporal knows it no more, or is away, or has no worker for it; then its parts are null'),
    rev: z.int().nullable().describe('Of the row that the workflow has last seen'),
    phase: z.enum(PHASES).nullable(),
    textField: textFieldSchema.nullable(),
    timers: timersSchema.nullable(),
    sends: sendsSchema.extend({ draining: z.boolean() }).nullable(),
    next: z
      .object({ what: z.string().describe('A timer, or what it waits for'), at: time.nullable() })
      .nullable()
      .describe('What happens next'),
    asOf: time.nullable().describe('When the workflow was last awake: a timer, a bell or a command woke it'),
    database: z
      .object({
        rev: z.int(),
        phase: z.enum(PHASES),
        textField: textFieldSchema,
        window: z.object({ until: time.nullable() }),
        timers: timersSchema,
        sends: sendsSchema,
        asOf: time,
      })
      .describe('The same by the row and the rules, at the time of reading'),
  })
  .meta({ id: 'SessionWorkflow' })
export type WorkflowView = z.infer<typeof workflowSchema>

export interface WorkflowSources {
  readonly ctx: { readonly byKey: Database; readonly clock: { now(): Instant } }
  readonly door: { query(sessionId: string): Promise<SessionLife | null> }
}

export async function loadWorkflow({ ctx, door }: WorkflowSources, sessionId: string): Promise<WorkflowView> {
  const [life, [state]] = await Promise.all([door.query(sessionId), loadStates(ctx.byKey, [sessionId])])
  if (state === undefined) throw new Problem('not-found')
  return workflowView(life, state, ctx.clock.now())
}

export function workflowView(life: SessionLife | null, state: SessionState, at: Instant): WorkflowView {
  const { textField, timers, sends } = snapshotOf(state, at)
  const database = {
    rev: state.rev,
    phase: state.phase,
    textField: fieldOf(textField),
    window: { until: isoOf(state.windowUntil) },
    timers: timersOf(timers),
    sends: { ...sends, waitUntil: isoOf(sends.waitUntil) },
    asOf: isoOf(at),
  }
  if (life === null) {
    const silent = { rev: null, phase: null, textField: null, timers: null, sends: null, next: null, asOf: null }
    return { answered: false, ...silent, database }
  }
  return {
    answered: true,
    rev: life.rev,
    phase: life.phase,
    textField: life.textField === null ? null : fieldOf(life.textField),
    timers: timersOf(life.timers),
    sends: { ...life.sends, waitUntil: isoOf(life.sends.waitUntil) },
    next: life.next === null ? null : { what: life.next.what, at: isoOf(life.next.at) },
    asOf: isoOf(life.asOf),
    database,
  }
}

const fieldOf = (field: NonNullable<SessionLife['textField']>): WorkflowView['database']['textField'] => ({
  open: field.open,
  until: isoOf(field.until),
  reason: field.reason,
})

const timersOf = (timers: SessionLife['timers']) => timers.map(({ name, dueAt }) => ({ name, dueAt: isoOf(dueAt) }))
