// `npm run bench`: the baselines and Parley, interleaved round by round on one machine, so that what is told are ratios.
// `--only P1,P5` measures some of the bars, `--rounds 3` fewer rounds than the five that a result should stand on.
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ROOT } from '../dev/artifact.ts'
import { type BarId, chosen, type Result, resultOf } from './bars.ts'
import { Box } from './box.ts'
import { endurance } from './endurance.ts'
import { countEvents } from './events.ts'
import { ingestRound } from './ingest.ts'
import { bare, followed, full, latencyOf, seen, sent } from './latency.ts'
import { longHistory } from './long-history.ts'
import { type Memory, measureMemory } from './memory.ts'
import { picture, shown } from './picture.ts'
import { Stack } from './stack.ts'
import { turned } from './statistics.ts'
import { inbound, sends } from './throughput.ts'

const say = (line: string): void => console.log(line)

class Bench {
  readonly #wanted: ReadonlySet<BarId>
  readonly #rounds: number
  readonly #box: Box
  readonly #found = new Map<BarId, number[]>()
  /** The baselines' own figures: not to be told without the machine, but to be looked at. */
  readonly baselines: Record<string, number[]> = {}
  memory: Memory | null = null

  constructor(box: Box, wanted: ReadonlySet<BarId>, rounds: number) {
    this.#box = box
    this.#wanted = wanted
    this.#rounds = rounds
  }

  async run(): Promise<readonly Result[]> {
    for (let round = 0; round < this.#rounds; round++) {
      say(`Round ${round + 1} of ${this.#rounds}`)
      if (this.#wants('P1', 'P1.new', 'P2', 'P2.new')) await this.#ingest(round)
      if (this.#wants('P3', 'P3.p99', 'P3.slow', 'P5', 'P5.p99', 'P6', 'P7', 'P8.inbound', 'P8.sends'))
        await this.#running(round)
    }
    if (this.#wants('P11.quiet', 'P11.burst', 'P12', 'P13.quiet', 'P13.burst')) await this.#events()
    if (this.#wants('P14', 'P14.events', 'P14.size')) await this.#longHistory()
    if (this.#wants('P9')) await this.#memory()
    if (this.#wants('P10')) await this.#endurance()
    return [...this.#wanted].flatMap((id) => {
      const rounds = this.#found.get(id)
      return rounds === undefined ? [] : [resultOf(id, rounds)]
    })
  }

  async #ingest(round: number): Promise<void> {
    const { b0, b1, b2, existing, fresh } = await ingestRound(this.#box, round, 3)
    this.#baseline('B0 webhooks/s', b0)
    this.#baseline('B1 webhooks/s', b1)
    this.#baseline('B2 webhooks/s', b2)
    this.#keep('P1', existing / b1)
    this.#keep('P1.new', fresh / b1)
    this.#keep('P2', existing / b2)
    this.#keep('P2.new', fresh / b2)
  }

  /** Each measurement beside its baseline, and every other round the other way round. */
  async #running(round: number): Promise<void> {
    const box = this.#box
    const stack = await Stack.start(box)
    const engine = await box.startEngine()
    const pair = async <P, B>(parley: () => Promise<P>, baseline: () => Promise<B>): Promise<[P, B]> => {
      if (round % 2 === 0) return [await parley(), await baseline()]
      const first = await baseline()
      return [await parley(), first]
    }
    const b3At = async (pace: number, seconds: number) =>
      latencyOf((await bare(box, engine, { what: 'B3', workflows: pace * 2, seconds, pace })).latencies)
    const parts = [
      async () => {
        if (!this.#wants('P5', 'P5.p99')) return
        const [parley, b3] = await pair(
          () => seen(box, stack, 5),
          () => b3At(50, 5),
        )
        this.#baseline('B3 at 50/s, p50 ms', b3.p50)
        this.#keep('P5', parley.p50 / b3.p50)
        this.#keep('P5.p99', parley.p99 / b3.p99)
      },
      async () => {
        if (!this.#wants('P6')) return
        const [parley, b3] = await pair(
          () => followed(box, stack, 3),
          () => b3At(20, 3),
        )
        this.#baseline('B3 at 20/s, p50 ms', b3.p50)
        this.#keep('P6', parley.p50 / b3.p50)
      },
      async () => {
        if (!this.#wants('P7')) return
        const { ids } = await stack.activeSessions(20)
        const [parley, b5] = await pair(
          () => sent(stack, ids, round, 4),
          async () =>
            latencyOf((await bare(box, engine, { what: 'B5', workflows: 20, seconds: 4, pace: 10 })).latencies),
        )
        const b4 = latencyOf((await bare(box, engine, { what: 'B4', workflows: 20, seconds: 2, pace: 10 })).latencies)
        this.#baseline('B4 at 10/s, p50 ms', b4.p50)
        this.#baseline('B5 at 10/s, p50 ms', b5.p50)
        this.#keep('P7', parley.p50 / b5.p50)
      },
      async () => {
        if (!this.#wants('P8.inbound', 'P8.sends')) return
        const { ids } = await stack.activeSessions(40)
        const parley = async () => ({
          inbound: await inbound(box, stack, 2_000),
          sends: await sends(stack, ids, 200, round),
        })
        const [all, signals] = await pair(parley, () =>
          bare(box, engine, { what: 'B3', workflows: 48, seconds: 4, pace: 'flat out' }),
        )
        this.#baseline('B3 flat out, signals/s', signals.perSecond)
        this.#keep('P8.inbound', all.inbound / signals.perSecond)
        this.#keep('P8.sends', all.sends / signals.perSecond)
      },
      async () => {
        if (!this.#wants('P3', 'P3.p99', 'P3.slow')) return
        const { p50, p99, slow } = await full(box, stack, 8)
        this.#keep('P3', p50)
        this.#keep('P3.p99', p99)
        this.#keep('P3.slow', slow)
      },
    ]
    try {
      for (const part of turned(parts, round)) await part()
    } finally {
      await stack.stop()
      await engine.child.stop()
    }
  }

  /** Counted, not timed: they are what they are on any machine, so once is enough. */
  async #events(): Promise<void> {
    say('Events')
    const stack = await Stack.start(this.#box)
    try {
      const events = await countEvents(stack)
      this.#baseline('events an inbound message that nobody waits for', events.inActive)
      this.#keep('P11.quiet', events.inQuiet)
      this.#keep('P11.burst', events.inBurst)
      this.#keep('P12', events.status)
      this.#keep('P13.quiet', events.outQuiet)
      this.#keep('P13.burst', events.outBurst)
    } finally {
      await stack.stop()
    }
  }

  async #longHistory(): Promise<void> {
    say('The longest history')
    const stack = await Stack.start(this.#box)
    try {
      const { events, bytes, replayMs } = await longHistory(stack)
      this.#keep('P14', replayMs)
      this.#keep('P14.events', events)
      this.#keep('P14.size', bytes / 2 ** 20)
    } finally {
      await stack.stop()
    }
  }

  async #endurance(): Promise<void> {
    say('Twenty thousand sessions')
    const stack = await Stack.start(this.#box)
    try {
      this.#keep('P10', await endurance(stack, say))
    } finally {
      await stack.stop()
    }
  }

  async #memory(): Promise<void> {
    say('Memory')
    this.memory = await measureMemory(this.#box)
    this.#keep('P9', this.memory.perSession)
  }

  #wants(...ids: readonly BarId[]): boolean {
    return ids.some((id) => this.#wanted.has(id))
  }

  #keep(id: BarId, figure: number): void {
    if (!this.#wanted.has(id)) return
    this.#found.set(id, [...(this.#found.get(id) ?? []), figure])
    say(`  ${id.padEnd(11)} ${figure.toFixed(3)}`)
  }

  #baseline(name: string, figure: number): void {
    this.baselines[name] = [...(this.baselines[name] ?? []), figure]
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { only: { type: 'string' }, rounds: { type: 'string', default: '5' } },
  })
  const rounds = Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError('--rounds takes a number from 1.')
  const wanted = chosen(values.only)
  execFileSync(process.execPath, [join(ROOT, 'dev/run.js'), 'build'], { cwd: ROOT, stdio: 'inherit' })
  const box = await Box.open()
  let stopping: Promise<void> | null = null
  const stop = (): Promise<void> => {
    stopping ??= box.close()
    return stopping
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void stop().then(() => process.exit(1)))
  try {
    const bench = new Bench(box, wanted, rounds)
    const bars = await bench.run()
    tell(bars, bench, rounds)
  } finally {
    await stop()
  }
}

function tell(bars: readonly Result[], { baselines, memory }: Bench, rounds: number): void {
  const machine = {
    cpus: cpus().length,
    cpu: cpus()[0]?.model ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    postgresql: 'embedded, fsync on',
    temporal: 'on PostgreSQL, 4 history shards',
  }
  const folder = join(ROOT, 'bench/results')
  mkdirSync(folder, { recursive: true })
  const latest = { at: new Date().toISOString(), machine, rounds, bars, baselines, memory }
  writeFileSync(join(folder, 'latest.json'), `${JSON.stringify(latest, null, 2)}\n`)
  writeFileSync(join(folder, 'latest.svg'), picture(bars, `Parley beside its baselines, median of ${rounds} rounds`))
  for (const bar of bars) {
    const [low, high] = bar.spread
    const verdict = bar.isRecord ? 'record' : bar.holds ? 'holds' : 'MISSED'
    say(
      `${bar.id.padEnd(11)} ${shown(bar.value, bar.unit).padStart(9)}  ${`${low.toFixed(2)}–${high.toFixed(2)}`.padEnd(15)} minimum ${String(bar.minimum).padEnd(5)} record ${String(bar.record).padEnd(5)} ${verdict.padEnd(7)} ${bar.name}`,
    )
  }
  if (memory !== null) {
    const sizes = ({ launcher, api, worker }: Memory['atRest']): string =>
      `launcher ${launcher.toFixed(0)} MB, API ${api.toFixed(0)} MB, worker ${worker.toFixed(0)} MB`
    say(`Memory at rest: ${sizes(memory.atRest)}; with ${memory.sessions} open sessions: ${sizes(memory.withSessions)}`)
  }
  say('Written to bench/results/latest.json and latest.svg')
}

await main()
