// The calls by which administrators set Parley up: accounts, invitations, numbers, settings.
import { query } from './api.ts'
import { ask } from './client.ts'
import type { Channel, CheckLine, Invitation, Page, User } from './types.ts'

const user = (id: string): string => `/users/${encodeURIComponent(id)}`
const channel = (id: string): string => `/channels/${encodeURIComponent(id)}`

export interface UserBody {
  readonly email: string
  readonly name: string
  readonly role: User['role']
  readonly slots: number
  readonly groupIds: readonly string[]
}

export interface ChannelBody {
  readonly name: string
  readonly phoneNumberId: string
  readonly wabaId: string
  readonly token: string
  readonly groupId: string
}

export interface Checked {
  readonly ok: boolean
  readonly title: string | null
  readonly advice: string | null
  readonly lines: readonly CheckLine[]
}

export const setUp = {
  users: () => ask<Page<User>>({ path: `/users${query({ limit: 1000 })}` }),
  addUser: (body: UserBody) => ask<User>({ method: 'POST', path: '/users', body }),
  changeUser: (id: string, body: Partial<UserBody> & { disabled?: boolean }) =>
    ask<User>({ method: 'PATCH', path: user(id), body }),
  invite: (id: string) => ask<Invitation>({ method: 'POST', path: `${user(id)}/invitation` }),

  addChannel: (body: ChannelBody) => ask<Channel>({ method: 'POST', path: '/channels', body }),
  changeChannel: (id: string, body: Partial<Pick<ChannelBody, 'name' | 'token' | 'groupId'>>) =>
    ask<Channel>({ method: 'PATCH', path: channel(id), body }),
  check: (id: string) => ask<Checked>({ method: 'POST', path: `${channel(id)}/check` }),
} as const
