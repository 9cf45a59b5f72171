// One round trip: several prepared statements that leave in one write and are answered together, behind one Sync. The
// first that fails ends the trip: PostgreSQL skips what follows it. (`pg` sends each statement by itself, with a Sync and a
// describe for each, which costs more than most statements.)
import pg from 'pg'
import { serialize } from 'pg-protocol'

export interface Statement {
  /** Names the prepared statement; the same name is always the same text. Without a name it is prepared each time. */
  readonly name: string
  readonly text: string
}

export interface Asked<Row> {
  readonly command: string | null
  /** Filled when the trip is over. */
  readonly rows: Row[]
  readonly rowCount: number
}

type Result = pg.Result & {
  addFields(fields: readonly pg.FieldDef[]): void
  parseRow(values: readonly (string | null)[]): unknown
  addRow(row: unknown): void
  addCommandComplete(message: { text: string }): void
}

/** What `pg` has and its types leave out: a query of one's own is given this. */
interface Connection {
  readonly stream: { write(bytes: Buffer): void }
}

interface Step {
  readonly statement: Statement
  readonly values: readonly unknown[]
  readonly result: Result
}

const { Result: NewResult } = pg as unknown as { Result: new (mode: null, types: null) => Result }
const { prepareValue: valueMapper } = (pg as unknown as { utils: { prepareValue(value: unknown): unknown } }).utils

/** What a connection has prepared, and how the rows of each statement look; it dies with the connection. */
const prepared = new WeakMap<pg.Client, Map<string, readonly pg.FieldDef[]>>()

export class Trip {
  readonly #steps: Step[] = []
  readonly #pg: pg.Client
  readonly #known: Map<string, readonly pg.FieldDef[]>
  #at = 0
  /** An answer that could not be read. */
  #unread: Error | null = null

  /** `pg` sets and clears its time limit through this. */
  callback: (error: Error | null) => void = () => {}

  constructor(client: pg.Client) {
    this.#pg = client
    const known = prepared.get(client) ?? new Map<string, readonly pg.FieldDef[]>()
    prepared.set(client, known)
    this.#known = known
  }

  ask<Row = never>(statement: Statement, values: readonly unknown[] = []): Asked<Row> {
    const result = new NewResult(null, null)
    this.#steps.push({ statement, values, result })
    return result as unknown as Asked<Row>
  }

  /** Resolves when all is answered; throws the first error, after which the rest was not done. */
  send(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.callback = (error) => (error === null ? resolve() : reject(error))
      this.#pg.query(this as unknown as pg.Submittable)
    })
  }

  // --- what `pg` calls ----------------------------------------------------------------------------------------------

  /** A value that cannot be written is given back as the error, with nothing sent. */
  submit(connection: unknown): Error | undefined {
    try {
      // One piece: fifty small ones cost the system more than this copy.
      ;(connection as Connection).stream.write(Buffer.concat(this.#bytes()))
      return undefined
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error))
    }
  }

  #bytes(): Buffer[] {
    const bytes: Buffer[] = []
    for (const { statement, values, result } of this.#steps) {
      const { name } = statement
      const fields = this.#known.get(name)
      if (fields === undefined) {
        // A trip that failed may have prepared it without our knowing; to close what is not there is no error.
        if (name !== '') bytes.push(serialize.close({ type: 'S', name }))
        bytes.push(serialize.parse(statement))
      }
      bytes.push(serialize.bind({ statement: name, values: values as unknown[], valueMapper }))
      if (fields === undefined) bytes.push(serialize.describe({ type: 'P' }))
      else if (fields.length > 0) result.addFields(fields)
      bytes.push(serialize.execute())
    }
    bytes.push(serialize.sync())
    return bytes
  }

  handleRowDescription({ fields }: { fields: readonly pg.FieldDef[] }): void {
    this.#step().result.addFields(fields)
  }

  handleDataRow({ fields }: { fields: readonly (string | null)[] }): void {
    const { result } = this.#step()
    try {
      result.addRow(result.parseRow(fields))
    } catch (error) {
      this.#unread ??= error instanceof Error ? error : new Error(String(error))
    }
  }

  handleCommandComplete(message: { text: string }): void {
    const { statement, result } = this.#step()
    result.addCommandComplete(message)
    if (statement.name !== '') this.#known.set(statement.name, result.fields)
    this.#at++
  }

  handleError(error: Error): void {
    this.callback(error)
  }

  handleReadyForQuery(): void {
    this.callback(this.#unread)
  }

  #step(): Step {
    const step = this.#steps[this.#at]
    if (step === undefined) throw new Error('PostgreSQL answered more than it was asked.')
    return step
  }
}
