// What the bench makes of its samples, and how it shows them.
import { describe, expect, it } from 'vitest'
import { BAR_IDS, chosen, resultOf } from '../../../bench/bars.ts'
import { picture, times } from '../../../bench/picture.ts'
import { median, percentile, ratios, summarise, turned } from '../../../bench/statistics.ts'

describe('statistics', () => {
  it('takes percentiles by interpolation, whatever the order of the samples', () => {
    expect(percentile([4, 1, 3, 2], 0)).toBe(1)
    expect(percentile([4, 1, 3, 2], 1)).toBe(4)
    expect(percentile([4, 1, 3, 2], 0.5)).toBe(2.5)
    expect(median([5, 1, 9])).toBe(5)
  })

  it('has no percentile of nothing', () => {
    expect(() => percentile([], 0.5)).toThrow(RangeError)
  })

  it('sums rounds up by median, lowest and highest', () => {
    expect(summarise([3, 1, 2])).toEqual({ value: 2, spread: [1, 3], rounds: 3 })
  })

  it('divides round by round, not total by total', () => {
    expect(ratios([10, 40], [5, 10])).toEqual([2, 4])
    expect(() => ratios([1], [])).toThrow(RangeError)
  })

  it('lets each subject go first once', () => {
    expect([0, 1, 2, 3].map((round) => turned(['a', 'b', 'c'], round)[0])).toEqual(['a', 'b', 'c', 'a'])
    expect(turned(['a', 'b', 'c'], 1)).toEqual(['b', 'c', 'a'])
  })
})

describe('bars', () => {
  it('hold where more is better at the minimum and above, and are a record at the record', () => {
    expect(resultOf('P1', [1.2])).toMatchObject({ holds: true, isRecord: false })
    expect(resultOf('P1', [1.19])).toMatchObject({ holds: false, isRecord: false })
    expect(resultOf('P1', [1.8])).toMatchObject({ holds: true, isRecord: true })
  })

  it('hold where less is better at the minimum and below', () => {
    expect(resultOf('P12', [0])).toMatchObject({ holds: true, isRecord: true })
    expect(resultOf('P7', [1.4])).toMatchObject({ holds: true, isRecord: false })
    expect(resultOf('P7', [1.41])).toMatchObject({ holds: false })
  })

  it('are judged by the median of their rounds', () => {
    expect(resultOf('P2', [0.1, 0.6, 0.7])).toMatchObject({ value: 0.6, spread: [0.1, 0.7], rounds: 3, holds: true })
  })

  it('are chosen by name, with what belongs to the name', () => {
    expect([...chosen('P1,P8.sends')]).toEqual(['P1', 'P1.new', 'P8.sends'])
    expect([...chosen('P11')]).toEqual(['P11.quiet', 'P11.burst'])
    expect([...chosen(undefined)]).toEqual(BAR_IDS.filter((id) => id !== 'P10'))
    expect([...chosen('P10')]).toEqual(['P10'])
    expect(() => chosen('P1,P99')).toThrow('P99')
  })
})

describe('picture', () => {
  const of = (id: 'P1' | 'P7' | 'P12', value: number) => resultOf(id, [value])

  it('puts better to the right, whether more or less is better', () => {
    expect(times(of('P1', 2.4), 2.4)).toBeCloseTo(2)
    expect(times(of('P7', 0.7), 0.7)).toBeCloseTo(2)
    expect(times(of('P7', 2.8), 2.8)).toBeCloseTo(0.5)
  })

  it('ends at the edges of its scale, also for none at all', () => {
    expect(times(of('P12', 0), 0)).toBe(32)
    expect(times(of('P1', 0), 0)).toBe(1 / 8)
  })

  it('names each bar with its figure and verdict, and is well-formed where a name is not', () => {
    const drawn = picture([of('P1', 1.3), { ...of('P7', 3), name: 'a < b & "c"' }], 'Title <1>')
    expect(drawn).toContain('aria-label="P1: 1.30×, holds"')
    expect(drawn).toContain('aria-label="P7: 3.00×, missed"')
    expect(drawn).toContain('a &#60; b &#38; &#34;c&#34;')
    expect(drawn).not.toMatch(/NaN|undefined|Infinity/)
    expect(drawn.match(/<g /g)?.length).toBe(2)
    expect(drawn.match(/<g /g)?.length).toBe(drawn.match(/<\/g>/g)?.length)
  })
})
