// Times that say the exact moment on hover and to machines.

import { now } from '../store/app.ts'
import { exact, moment } from '../text/time.ts'

export const At = ({ iso }: { iso: string }) => {
  const at = Date.parse(iso)
  return (
    <time dateTime={iso} title={exact(at)}>
      {moment(at, now.value)}
    </time>
  )
}
