// Counts anew what of a session needs the operator's attention, and since when the client has waited for an answer that
// left: one statement, for one session or for many.

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
                                  AND o.status IS DISTINCT FROM 'failed'), 0))`
