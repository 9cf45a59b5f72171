// The results as a picture: each bar's value against its minimum, on one logarithmic scale where to the right is better.
import type { Result } from './bars.ts'

const WIDTH = 980
const ROW = 30
const TOP = 78
const LEFT = 430
const RIGHT = 90
/** The scale's ends: how many times worse or better than the minimum. */
const WORST = 1 / 8
const BEST = 32
const TICKS = [1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8, 16, 32]

/** How many times better than the minimum a figure is; below 1 the minimum is missed. */
export function times({ better, minimum }: Pick<Result, 'better' | 'minimum'>, figure: number): number {
  const ratio = better === 'more' ? figure / minimum : minimum / figure
  return Math.min(Math.max(Number.isNaN(ratio) ? BEST : ratio, WORST), BEST)
}

export function picture(results: readonly Result[], heading: string): string {
  const height = TOP + results.length * ROW + 44
  const x = (ratio: number): number =>
    LEFT + (Math.log(ratio / WORST) / Math.log(BEST / WORST)) * (WIDTH - LEFT - RIGHT)
  const line = (at: number, from: number, to: number, look: string): string =>
    `<line x1="${at.toFixed(1)}" x2="${at.toFixed(1)}" y1="${from}" y2="${to}" ${look}/>`
  const grid = TICKS.map(
    (tick) =>
      line(x(tick), TOP - 8, height - 36, tick === 1 ? 'class="one"' : 'class="grid"') +
      `<text class="tick" x="${x(tick).toFixed(1)}" y="${TOP - 14}" text-anchor="middle">${tick < 1 ? `1/${1 / tick}` : tick}×</text>`,
  )
  const rows = results.map((result, n) => {
    const y = TOP + n * ROW
    const middle = y + ROW / 2
    const at = times(result, result.value)
    const [low, high] = result.spread.map((figure) => x(times(result, figure))).sort((a, b) => a - b)
    const [from, to] = [x(1), x(at)].sort((a, b) => a - b)
    const look = result.isRecord ? 'record' : result.holds ? 'holds' : 'fails'
    const verdict = result.isRecord ? 'record' : result.holds ? 'holds' : 'missed'
    return `<g role="listitem" aria-label="${entities(`${result.id}: ${shown(result.value, result.unit)}, ${verdict}`)}">
<text class="id" x="16" y="${middle + 4}">${result.id}</text><text x="92" y="${middle + 4}">${entities(result.name)}</text>
<rect class="${look}" x="${(from ?? 0).toFixed(1)}" y="${y + 7}" width="${Math.max((to ?? 0) - (from ?? 0), 2).toFixed(1)}" height="${ROW - 14}" rx="2"/>
<line class="spread" x1="${(low ?? 0).toFixed(1)}" x2="${(high ?? 0).toFixed(1)}" y1="${middle}" y2="${middle}"/>
${line(x(times(result, result.record)), y + 3, y + ROW - 3, 'class="mark"')}
<text class="value" x="${WIDTH - 16}" y="${middle + 4}" text-anchor="end">${shown(result.value, result.unit)}</text></g>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="12" role="list">
<title>${entities(heading)}</title>
<style>
svg { background: #fff } text { fill: #1d2530 } .id, .value { font-weight: 600 } .tick { fill: #667180; font-size: 11px } .title { font-size: 16px; font-weight: 600 }
.grid { stroke: #e3e7ec } .one { stroke: #1d2530; stroke-width: 1.5 } .mark { stroke: #8250df; stroke-width: 2.5 } .spread { stroke: #1d2530; stroke-width: 1.5 }
.holds { fill: #7cb5ec } .record { fill: #4caf7d } .fails { fill: #e5735f }
@media (prefers-color-scheme: dark) { svg { background: #14181d } text { fill: #e6e9ed } .grid { stroke: #2b323b } .one, .spread { stroke: #e6e9ed } .tick { fill: #97a1ae } .mark { stroke: #b392f0 } }
</style>
<text class="title" x="16" y="28">${entities(heading)}</text>
<text class="tick" x="16" y="48">Times better than the minimum (1×); to the right is better. Violet mark: record. Thin line: lowest to highest round.</text>
${grid.join('\n')}
${rows.join('\n')}
<text class="tick" x="16" y="${height - 14}">Blue: the minimum holds. Green: record. Red: missed. Figures beyond the scale end at its edge.</text>
</svg>
`
}

export function shown(value: number, unit: Result['unit']): string {
  const digits = value === 0 ? '0' : value < 10 ? value.toFixed(2) : value.toFixed(1)
  const suffix = { ratio: '×', ms: ' ms', events: '', MB: ' MB', share: '' }[unit]
  return `${digits}${suffix}`
}

const entities = (text: string): string => text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`)
