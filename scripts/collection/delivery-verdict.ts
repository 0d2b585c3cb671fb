// The delivery check over a fetched folder, or over the running cluster: journals into the checker of audit/.

import { setTimeout as delay } from 'node:timers/promises'
import { DeliveryCheck, graceMsDefault } from '../../audit/check.ts'
import type { CheckResult } from '../../audit/check-result.ts'
import type { AdminClient } from '../admin/admin-client.ts'
import type { Round } from '../admin/round.ts'
import type { FormerJournal } from '../fleet/fleet.ts'
import { collect, type NodeCollection, withTemporaryFolder } from './collection.ts'
import { readJournalFolder } from './journal-folder.ts'
import { Settling } from './settling.ts'

const pollIntervalMs = 100

/** Checks the journals of a folder. */
export async function checkFolder(folder: string): Promise<CheckResult> {
  const check = new DeliveryCheck({ graceMs: graceMsDefault })
  await readJournalFolder(folder, (node, flushedAt) => {
    const intake = check.openJournal(node, flushedAt)
    return { sinks: [intake], close: (health) => intake.close(health) }
  })
  return check.finish()
}

/** What a check of the running cluster found; no result when no node could be reached. */
export interface LiveVerdict {
  readonly result: CheckResult | undefined
  readonly round: Round<NodeCollection>
}

/**
 * Checks the running cluster: fetches all journals and judges them, again until `isSettled` says so, at most `settleMs`;
 * without it, until messages on their way have arrived and subscribers that are behind have caught up (settling.ts). Nodes
 * that are gone count with their `former` journals.
 */
export async function checkLive(
  clients: readonly AdminClient[],
  options: {
    readonly settleMs: number
    readonly signal: AbortSignal
    readonly isSettled?: (result: CheckResult) => boolean
    readonly former?: readonly FormerJournal[]
  },
): Promise<LiveVerdict> {
  const { settleMs, signal, isSettled, former = [] } = options
  const settling = new Settling(settleMs)
  const started = Date.now()
  return await withTemporaryFolder(async (folder) => {
    for (;;) {
      const round = await collect(clients, folder, { former })
      if (round.answers.length === 0) return { result: undefined, round }
      const result = await checkFolder(folder)
      const waitedMs = Date.now() - started
      if (isSettled !== undefined && (isSettled(result) || waitedMs >= settleMs)) return { result, round }
      const delayMs = isSettled === undefined ? settling.next(result.totals, waitedMs) : pollIntervalMs
      if (delayMs === undefined) return { result, round }
      await delay(delayMs, undefined, { signal })
    }
  })
}
