// What a person can put right: its message is one sentence that says what is wrong and what to do.
export class Problem extends Error {
  override readonly name = 'Problem'
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
