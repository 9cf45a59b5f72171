// Time as people think it. All take the moment to compare with: the views hand in the server's time, as a signal that
// ticks, so nothing here is fixed at load.
import { locale, t } from '../i18n/t.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const two = (n: number): string => String(n).padStart(2, '0')

/** "0:24", "12:05", "1:02:00": what is left of something short. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / SECOND))
  const hours = Math.floor(seconds / 3600)
  const rest = `${two(seconds % 60)}`
  const minutes = Math.floor((seconds % 3600) / 60)
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`
}

/** "3 min", "2 h", "5 d": how long something lasts already, or still. */
export function span(ms: number): string {
  const whole = Math.max(0, ms)
  if (whole < MINUTE) return t('time.underMinute')
  if (whole < HOUR) return t('time.minutes', { n: Math.floor(whole / MINUTE) })
  if (whole < 2 * DAY) return t('time.hours', { n: Math.floor(whole / HOUR) })
  return t('time.days', { n: Math.floor(whole / DAY) })
}

/** What is left of a window: a countdown only in its last quarter of an hour. */
export const left = (ms: number): string => (ms < 15 * MINUTE ? countdown(ms) : span(ms))

export type Urgency = 'open' | 'soon' | 'urgent' | 'over'
export function urgency(ms: number): Urgency {
  if (ms <= 0) return 'over'
  if (ms < 15 * MINUTE) return 'urgent'
  return ms < 2 * HOUR ? 'soon' : 'open'
}

const format = (options: Intl.DateTimeFormatOptions) => {
  let made: Intl.DateTimeFormat | undefined
  return (at: number): string => {
    made ??= new Intl.DateTimeFormat(locale(), options)
    return made.format(at)
  }
}

export const clock = format({ hour: '2-digit', minute: '2-digit' })
export const exact = format({ dateStyle: 'medium', timeStyle: 'medium' })
const weekday = format({ weekday: 'long' })
const dayAndMonth = format({ day: 'numeric', month: 'long' })
const fullDay = format({ day: 'numeric', month: 'long', year: 'numeric' })

const midnight = (at: number): number => new Date(at).setHours(0, 0, 0, 0)
export const sameDay = (a: number, b: number): boolean => midnight(a) === midnight(b)

/** "Today", "Yesterday", "Tuesday", "12 November": the line above a day's messages. */
export function day(at: number, now: number): string {
  const ago = Math.round((midnight(now) - midnight(at)) / DAY)
  if (ago === 0) return t('time.today')
  if (ago === 1) return t('time.yesterday')
  if (ago > 1 && ago < 7) return weekday(at)
  return new Date(at).getFullYear() === new Date(now).getFullYear() ? dayAndMonth(at) : fullDay(at)
}

/** "14:03", "yesterday 14:03", "12 November 14:03". */
export const moment = (at: number, now: number): string =>
  sameDay(at, now) ? clock(at) : t('time.dayAndClock', { day: day(at, now), clock: clock(at) })
