// Loaded into a worker before anything else (`--import`): tells, by a datagram of its own for each, when the worker had
// done a workflow task. So what is measured runs as it was built, and pays a few microseconds for being watched.
import { createSocket } from 'node:dgram'
import { createRequire } from 'node:module'
import { now } from './webhook-sender.ts'

const port = Number(process.env.BENCH_TRACE_PORT)
const socket = createSocket('udp4').unref()

export function tell(what: string): void {
  socket.send(`${what} ${now()}`, port, '127.0.0.1')
}

interface Bridge {
  workerCompleteWorkflowActivation(worker: unknown, completion: Buffer): Promise<void>
}

/** A completion begins with its length, and then with its run's id: field 1, a string of 36. */
const RUN_ID = Buffer.from([0x0a, 36])
const LENGTH_BYTES = 5

const require = createRequire(createRequire(import.meta.url).resolve('@temporalio/worker'))
const bridge = require('@temporalio/core-bridge') as { native: Bridge }
const complete = bridge.native.workerCompleteWorkflowActivation
const traced: Bridge['workerCompleteWorkflowActivation'] = (worker, completion) => {
  const at = completion.subarray(0, LENGTH_BYTES + RUN_ID.length).indexOf(RUN_ID)
  if (at >= 0) tell(completion.toString('latin1', at + RUN_ID.length, at + RUN_ID.length + 36))
  return complete(worker, completion)
}
if (!Reflect.set(bridge.native, 'workerCompleteWorkflowActivation', traced))
  throw new Error('The worker cannot be traced.')
