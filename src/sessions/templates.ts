// HeroCards as a send needs them: the template as it stands now, filled in, or the refusal.
import { sql } from 'kysely'
import type { Database, Trx } from '../db/database.ts'
import { allowed, refused, type Verdict } from '../domain/refusal.ts'
import { type Filled, fill, type Parameters, sendable, type TemplateForm } from '../domain/template.ts'
import type { Json } from '../domain/words.ts'

export interface ChosenCard {
  readonly name: string
  readonly language: string
  readonly parameters: Parameters
}

/** A HeroCard that may be sent, filled in. */
export interface Card {
  readonly name: string
  readonly language: string
  readonly category: string
  readonly filled: Filled
}

interface Sendable {
  readonly category: string
  readonly form: TemplateForm
}

export async function loadSendable(
  db: Database | Trx,
  channelId: string,
  name: string,
  language: string,
): Promise<Verdict<Sendable>> {
  const { rows } = await sql<{ category: string; status: string; parameter_format: string; components: Json }>`
    SELECT category, status, parameter_format, components FROM message_template
     WHERE channel_id = ${channelId} AND name = ${name} AND language = ${language}`.execute(db)
  const row = rows[0]
  if (row === undefined) return refused({ code: 'template-not-sendable', reason: 'unknown' })
  const { parameter_format: parameterFormat, ...rest } = row
  const judged = sendable({ name, language, parameterFormat, ...rest })
  return 'because' in judged
    ? refused({ code: 'template-not-sendable', reason: judged.because })
    : allowed({ category: row.category, form: judged.form })
}

/** The chosen card of this number, filled in as it was asked. */
export async function fillCard(trx: Trx, channelId: string, chosen: ChosenCard): Promise<Verdict<Card>> {
  const { name, language } = chosen
  const found = await loadSendable(trx, channelId, name, language)
  if (!found.ok) return found
  const { category, form } = found.value
  const outcome = fill(form, chosen.parameters)
  return outcome.ok
    ? allowed({ name, language, category, filled: outcome.filled })
    : refused({ code: 'wrong-parameters', mistakes: outcome.mistakes })
}
