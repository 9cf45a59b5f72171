// A client's initials, and the sign of the channel by which they write.
import type { Client } from '../api/types.ts'
import { t } from '../i18n/t.ts'
import css from './avatar.module.css'
import { initials } from './client.ts'
import { WhatsAppGlyph } from './icons.tsx'

export const Avatar = ({ client }: { client: Client }) => (
  <span class={css.avatar}>
    <span aria-hidden="true">{initials(client)}</span>
    <span class={css.channel} title={t('channel.whatsapp')}>
      <WhatsAppGlyph size={13} />
      <span class="sr-only">{t('channel.whatsapp')}</span>
    </span>
  </span>
)
