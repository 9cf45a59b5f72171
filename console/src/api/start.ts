// The calls that begin something with a client: HeroCards, direct messages, reconnects.
import { query } from './api.ts'
import { ask } from './client.ts'
import type { HeroCard, Message, Page, Recipient, Session } from './types.ts'

export interface ChosenCard {
  readonly name: string
  readonly language: string
  readonly parameters: {
    readonly header?: readonly (string | { readonly latitude: number; readonly longitude: number })[]
    readonly body?: readonly string[] | Readonly<Record<string, string>>
    readonly buttons?: readonly { readonly index: number; readonly value: string }[]
  }
}

/** One thing that is said first, or nothing. */
export interface Said {
  readonly template?: ChosenCard
  readonly text?: string
}

export const start = {
  heroCards: (channelId: string) =>
    ask<Page<HeroCard>>({ path: `/message-templates${query({ channelId, limit: 1000 })}` }),
  sync: (channelId: string) =>
    ask<{ ok: boolean; code: number | null }>({ method: 'POST', path: '/message-templates/sync', body: { channelId } }),
  recipient: (channelId: string, to: string) => ask<Recipient>({ path: `/recipients${query({ channelId, to })}` }),
  direct: (body: { channelId: string; to: string } & Said, key: string) =>
    ask<Session>({ method: 'POST', path: '/sessions', body, key }),
  reconnect: (id: string, said: Said, key: string) =>
    ask<Session>({ method: 'POST', path: `/sessions/${encodeURIComponent(id)}/reconnect`, body: said, key }),
  template: (id: string, chosen: ChosenCard, key: string) =>
    ask<Message>({ method: 'POST', path: `/sessions/${encodeURIComponent(id)}/template`, body: chosen, key }),
}
