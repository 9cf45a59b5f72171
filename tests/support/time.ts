// Time that tests move: the clock that Parley is given, and, along with it, that of running workflows on the real server.
import { Connection } from '@temporalio/client'
import { msToTs } from '@temporalio/common/lib/time.js'
import type { Clock } from '../../src/clock.ts'
import { workflowIdOf } from '../../src/workflows/contract.ts'

export class MovableClock implements Clock {
  #offset = 0

  now(): number {
    return Date.now() + this.#offset
  }

  forward(ms: number): void {
    this.#offset += ms
  }
}

/** Lets the workflows of these sessions skip `ms`; their timers fire as if that time had passed. */
export async function skipTime(
  address: string,
  namespace: string,
  sessionIds: readonly string[],
  ms: number,
): Promise<void> {
  const connection = await Connection.connect({ address })
  try {
    for (const sessionId of sessionIds) {
      await connection.workflowService.updateWorkflowExecutionOptions({
        namespace,
        workflowExecution: { workflowId: workflowIdOf(sessionId) },
        workflowExecutionOptions: {
          timeSkippingConfig: {
            enabled: true,
            fastForwardConfig: {
              id: `skip-${Date.now()}-${Math.random()}`,
              duration: msToTs(ms),
            },
          },
        },
        updateMask: { paths: ['time_skipping_config'] },
      })
    }
  } finally {
    await connection.close()
  }
}
