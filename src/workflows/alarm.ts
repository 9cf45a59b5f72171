// One lazy sleep of a workflow: set again only when something is due earlier than it would wake.
import { CancellationScope, sleep } from '@temporalio/workflow'

export class Alarm {
  /** When it will wake; null when nothing is set. */
  at: number | null = null
  rang = false
  #scope: CancellationScope | null = null

  set(at: number): void {
    if (this.at !== null && this.at <= at) return
    this.#scope?.cancel()
    const scope = new CancellationScope()
    this.#scope = scope
    this.at = at
    const slept = scope.run(() => sleep(Math.max(1, at - Date.now())))
    slept.then(
      () => {
        if (this.#scope !== scope) return
        this.#scope = null
        this.at = null
        this.rang = true
      },
      () => {},
    )
  }
}
