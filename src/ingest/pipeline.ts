// Queries that travel together on a pipelined connection.

/** Waits for all of a round trip, then throws its first error: what follows an error fails only because of it. */
export async function all(work: readonly Promise<unknown>[]): Promise<void> {
  const settled = await Promise.allSettled(work)
  const failed = settled.find((one) => one.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}
