// The worker of the engine's baselines, as a process of its own, with the same options as Parley's.
//   B3: signal → handler → task done, the workflow cached · B4: an update's round trip · B5: an update with one activity,
//   until the activity's body runs
import { NativeConnection, Worker } from '@temporalio/worker'
import { tell } from '../trace.ts'

export interface Activities {
  nothing(key: string): Promise<void>
}

const activities: Activities = {
  nothing: async (key) => tell(key),
}

if (import.meta.main) {
  const { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace, TEMPORAL_TASK_QUEUE: taskQueue } = process.env
  const connection = await NativeConnection.connect({ address: address ?? '' })
  const worker = await Worker.create({
    connection,
    namespace: namespace ?? '',
    taskQueue: taskQueue ?? '',
    workflowBundle: { codePath: process.env.BENCH_BUNDLE ?? '' },
    activities,
    reuseV8Context: true,
    maxCachedWorkflows: 1_200,
    workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: 8 },
    activityTaskPollerBehavior: { type: 'simple-maximum', maximum: 8 },
    maxConcurrentActivityTaskExecutions: 100,
    shutdownGraceTime: '1s',
    shutdownForceTime: '2s',
  })
  process.on('SIGTERM', () => worker.shutdown())
  await worker.run()
  await connection.close()
}
