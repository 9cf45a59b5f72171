// Histories of session workflows as files: readable JSON in, the SDK's own shape out.
import type { History } from '@temporalio/common/lib/proto-utils.js'
import proto from '@temporalio/proto'

const { History: Kind } = proto.temporal.api.history.v1

export interface StoredHistory {
  readonly workflowId: string
  readonly history: object
}

export const toJson = (workflowId: string, history: History): StoredHistory => ({
  workflowId,
  history: Kind.toObject(Kind.fromObject(history), { longs: String, enums: String, bytes: String }),
})

export const fromJson = (stored: StoredHistory): History => Kind.fromObject(stored.history)
