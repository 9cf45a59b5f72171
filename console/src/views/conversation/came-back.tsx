// Tells whoever transferred a session that it is theirs again, until they go on with it.
import type { Session } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { me } from '../../store/app.ts'

export function CameBack({ session }: { session: Session }) {
  const { cameBack, lastMessage, operatorId } = session
  if (cameBack === null || operatorId !== me.value?.id) return null
  if (lastMessage?.direction === 'out' && lastMessage.receivedAt > cameBack.at) return null
  const name = cameBack.operatorName ?? t('author.operator')
  return (
    <p class="note soon" role="status">
      {t(`transfer.cameBack.${cameBack.outcome}`, { name })}
    </p>
  )
}
