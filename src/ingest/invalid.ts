// An item that cannot be taken in as it stands, with the reason in one word.
import type { InvalidItem, ItemPath } from '../domain/inbound.ts'
import { cleanText, shortened } from './clean.ts'

const DETAIL_LENGTH = 500

export function invalid(
  path: ItemPath,
  reason: string,
  phoneNumberId: string | null,
  detail: string | null = null,
): InvalidItem {
  return {
    item: 'invalid',
    path,
    reason,
    detail: detail === null ? null : shortened(cleanText(detail), DETAIL_LENGTH),
    phoneNumberId,
  }
}
