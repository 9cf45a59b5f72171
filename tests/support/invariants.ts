// What must always hold in the database, whatever happened to it: each sentence that is returned is a breach.
import { sql } from 'kysely'
import type { Database } from '../../src/db/database.ts'

const BREACHES: readonly (readonly [string, string])[] = [
  [
    'I1: a message id is in its conversation twice',
    `SELECT channel_id, wamid FROM message WHERE wamid IS NOT NULL AND superseded_by IS NULL GROUP BY 1, 2 HAVING count(*) > 1`,
  ],
  [
    'I1: a placeholder is superseded by nothing',
    `SELECT g.id FROM message g LEFT JOIN message m ON m.id = g.superseded_by WHERE g.superseded_by IS NOT NULL AND m.id IS NULL`,
  ],
  [
    'I2: a client has two sessions that are not ended',
    `SELECT coalesce(c.joined_into, c.id) FROM session s JOIN client c ON c.id = s.client_id WHERE s.ended_at IS NULL
      GROUP BY 1 HAVING count(*) > 1`,
  ],
  [
    'I2: an open session belongs to a client who was joined',
    `SELECT s.id FROM session s JOIN client c ON c.id = s.client_id WHERE s.ended_at IS NULL AND c.joined_into IS NOT NULL`,
  ],
  [
    'I3: an ended session holds a client message later than what its end had seen',
    `SELECT s.id FROM session s
       JOIN LATERAL (SELECT (e.evidence ->> 'seen')::int AS seen FROM session_event e
                      WHERE e.session_id = s.id AND e.evidence ? 'seen' ORDER BY e.n DESC LIMIT 1) e ON true
       JOIN message m ON m.session_id = s.id AND m.direction = 'in' AND m.kind = 'message' AND NOT m.banned AND m.seq > e.seen
      WHERE s.ended_at IS NOT NULL AND s.end_reason <> 'joined'`,
  ],
  [
    'I5: an attempt is not where its history puts it',
    `SELECT a.id FROM attempt a
       JOIN LATERAL (SELECT bool_or(status = 'failed') AS failed,
                            bool_or(status IN ('delivered', 'read', 'played')) AS reached,
                            max(array_position(ARRAY['pending','calling','unknown','accepted','sent','delivered','read','played'], status)) AS top
                       FROM attempt_status WHERE attempt_id = a.id) h ON true
      WHERE CASE WHEN a.state = 'failed' THEN NOT h.failed OR a.reached_anyway <> h.reached
                 ELSE array_position(ARRAY['pending','calling','unknown','accepted','sent','delivered','read','played'], a.state) < h.top
                      OR (h.failed AND NOT h.reached) END`,
  ],
  [
    'seq is not gapless from 1',
    `SELECT s.id FROM session s LEFT JOIN message m ON m.session_id = s.id
      GROUP BY s.id, s.last_seq HAVING count(m.id) <> s.last_seq OR coalesce(max(m.seq), 0) <> s.last_seq OR coalesce(min(m.seq), 1) <> 1`,
  ],
  [
    'lastInSeq is not the last client message that counts',
    `SELECT s.id FROM session s
      WHERE s.last_in_seq <> coalesce((SELECT max(m.seq) FROM message m WHERE m.session_id = s.id AND m.direction = 'in' AND m.kind = 'message' AND NOT m.banned), 0)`,
  ],
  [
    'a message carries a later rev than its session',
    `SELECT m.id FROM message m JOIN session s ON s.id = m.session_id WHERE m.rev > s.rev`,
  ],
  [
    'the window is not that of the last thing the client said',
    `SELECT c.id FROM client c
      WHERE c.joined_into IS NULL AND c.window_expires_at IS DISTINCT FROM
        (SELECT max(m.spoken_at) + interval '24 hours' FROM message m JOIN client mc ON mc.id = m.client_id
          WHERE coalesce(mc.joined_into, mc.id) = c.id AND m.direction = 'in' AND m.kind IN ('message', 'reaction', 'edit', 'ghost', 'call', 'standby'))`,
  ],
  [
    'a queued session has no open offer',
    `SELECT s.id FROM session s WHERE s.phase = 'queued' AND NOT EXISTS (SELECT 1 FROM offer o WHERE o.session_id = s.id AND o.closed_at IS NULL)`,
  ],
  ['a client has two BSUIDs', `SELECT client_id FROM client_alias WHERE kind = 'bsuid' GROUP BY 1 HAVING count(*) > 1`],
  [
    'an alias leads to a client who was joined',
    `SELECT a.value FROM client_alias a JOIN client c ON c.id = a.client_id WHERE c.joined_into IS NOT NULL`,
  ],
  ['an ended session still waits for its client', `SELECT id FROM session WHERE ended_at IS NOT NULL AND bell_on`],
]

export async function breaches(db: Database): Promise<readonly string[]> {
  const found: string[] = []
  for (const [sentence, query] of BREACHES) {
    const { rows } = await sql.raw(query).execute(db)
    if (rows.length > 0) found.push(`${sentence}: ${JSON.stringify(rows.slice(0, 3))}`)
  }
  return found
}
