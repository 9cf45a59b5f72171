/** The database is away: nothing was stored, and Meta must send the webhook again. */
export class IngestUnavailable extends Error {}
