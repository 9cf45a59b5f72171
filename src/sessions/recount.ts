// Counts anew what of a session needs the operator's attention, since when the client has waited for an answer that left,
// and whether the session waits for its client: one statement, for one session or for many.
import { effects, INBOUND_KINDS } from '../domain/effects.ts'

/** A client who spoke has answered. */
const ANSWERS = INBOUND_KINDS.filter((kind) => effects(kind).opensWindow)
  .map((kind) => `'${kind}'`)
  .join(', ')

/** `UPDATE session s …`; a WHERE clause over `s` follows. */
export const RECOUNT = `
  UPDATE session s SET
    failed = (SELECT count(*) FROM message m WHERE m.session_id = s.id AND m.status = 'failed'),
    unknown = (SELECT count(*) FROM message m WHERE m.session_id = s.id AND m.status = 'unknown'),
    waiting_since = (
      SELECT min(m.received_at) FROM message m
       WHERE m.session_id = s.id AND m.direction = 'in' AND m.kind = 'message' AND NOT m.banned
         AND m.seq > coalesce((SELECT max(o.seq) FROM message o
                                WHERE o.session_id = s.id AND o.direction = 'out' AND o.kind = 'message'
                                  AND o.status IS DISTINCT FROM 'failed'), 0)),
    awaits_client = coalesce((
      SELECT o.type = 'template' AND o.status IS DISTINCT FROM 'failed'
             AND NOT EXISTS (SELECT 1 FROM message i WHERE i.session_id = s.id AND i.direction = 'in' AND i.seq > o.seq
                                AND i.kind IN (${ANSWERS}))
        FROM message o WHERE o.session_id = s.id AND o.direction = 'out' AND o.kind = 'message'
       ORDER BY o.seq DESC LIMIT 1), false)`
