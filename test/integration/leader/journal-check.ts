// The check over the nodes' journals, asked whether it accuses anybody of what clients know not to be so.

import assert from 'node:assert/strict'
import type { Finding } from '../../../audit/check-result.ts'
import type { Cluster } from '../cluster.ts'
import { until } from '../until.ts'
import type { Recorder } from './recorder.ts'

/**
 * Asserts that the journals show nothing lost, doubled or out of order, as soon as what was published last is in them. `isWhole`:
 * retention has dropped nothing, so nobody was told of a loss either.
 */
export async function assertJournalsClean(
  cluster: Cluster,
  recorder: Recorder,
  isWhole: boolean,
): Promise<void> {
  let result = await cluster.check()
  let accusations: readonly Finding[] = []
  const isOver = async (): Promise<boolean> => {
    result = await cluster.check()
    accusations = result.findings.filter((finding) => isAccusation(finding, isWhole))
    return accusations.length === 0 && result.totals.pending === 0
  }
  await until('the journals have no message on its way', isOver).catch(() => undefined)
  assert.deepEqual(accusations, [])
  assert.deepEqual(result.missingJournals, [])
  assert(result.totals.delivered > recorder.receipts.length / 2, JSON.stringify(result.totals))
}

function isAccusation({ kind }: Finding, isWhole: boolean): boolean {
  return kind !== 'unknown' && (isWhole || kind !== 'lost-told')
}
