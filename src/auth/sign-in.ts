// Signing in and out. A sign-in is a row with the hash of a fresh random token; whoever has the token is its user
// until it expires, is signed out, or the account's password or standing changes.

import type { Database, Trx } from '../db/database.ts'
import type { Instant } from '../domain/words.ts'
import { newId } from '../ids.ts'
import { SIGN_IN_MS } from './identify.ts'
import { verifyNobody, verifyPassword } from './password.ts'
import { hashToken, newSecretToken } from './secret-token.ts'

export interface SignedIn {
  readonly userId: string
  readonly loginId: string
  readonly token: string
  readonly expiresAt: Instant
}

/** Null for a wrong password, an unknown account and a disabled one, which nobody can tell apart. */
export async function signIn(
  db: Database,
  by: { readonly email: string; readonly password: string; readonly userAgent: string | null; readonly at: Instant },
): Promise<SignedIn | null> {
  const user = await db
    .selectFrom('user_account')
    .select(['id', 'password_hash', 'disabled_at'])
    .where('email', '=', by.email)
    .executeTakeFirst()
  const known = user !== undefined && user.disabled_at === null
  const right = known ? await verifyPassword(user.password_hash, by.password) : await verifyNobody(by.password)
  if (!known || !right) return null
  const login = { loginId: newId(), token: newSecretToken(), expiresAt: by.at + SIGN_IN_MS }
  const created = new Date(by.at)
  await db
    .insertInto('login')
    .values({
      id: login.loginId,
      user_id: user.id,
      token_hash: hashToken(login.token),
      user_agent: by.userAgent?.slice(0, 300) ?? null,
      created_at: created,
      last_seen_at: created,
      expires_at: new Date(login.expiresAt),
    })
    .execute()
  return { userId: user.id, ...login }
}

export async function signOut(db: Database | Trx, loginId: string): Promise<void> {
  await db.deleteFrom('login').where('id', '=', loginId).execute()
}

/** Ends all sign-ins of the account but one; `keep` null ends every one. */
export async function signOutEverywhere(trx: Trx, userId: string, keep: string | null): Promise<void> {
  await trx
    .deleteFrom('login')
    .where('user_id', '=', userId)
    .$if(keep !== null, (query) => query.where('id', '!=', keep))
    .execute()
}
