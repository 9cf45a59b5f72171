// The message that one is replying to, by session.
import type { Quote } from './outbox.ts'
import { Table } from './table.ts'

export const quotes = new Table<Quote>()
