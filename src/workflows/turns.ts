// First come, first served: decisions of one session are made one after another, in the order in which they came.
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work, work)
    // A decision that fails is its caller's matter, not the next one's.
    this.#last = turn.catch(() => {})
    return turn
  }
}
