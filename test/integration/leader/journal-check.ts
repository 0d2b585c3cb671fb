// The check over the nodes' journals, asked whether it accuses anybody of what clients know not to be so.

import assert from 'node:assert/strict'
import type { CheckResult, Finding } from '../../../audit/check-result.ts'
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
    const hidden = withHoles(result)
    accusations = result.findings.filter(
      (finding) =>
        isAccusation(finding, isWhole) && !(hidden.has(finding.sub) && finding.kind === 'lost-silent'),
    )
    const waiting = result.subscribers.filter(({ sub, counts }) => counts.pending > 0 && !hidden.has(sub))
    return waiting.length + accusations.length === 0
  }
  await until('the journals have no message on its way', isOver).catch(() => undefined)
  assert.deepEqual(accusations, [])
  assert.deepEqual(result.missingJournals, [])
  assert(result.totals.delivered > recorder.receipts.length / 2, JSON.stringify(result.totals))
}

/** A hole in a journal may hide the end of a subscription, and then nothing that is sent later is for it. */
function withHoles({ findings }: CheckResult): ReadonlySet<string> {
  const reason = 'subscriber-journal-damaged'
  return new Set(findings.filter(({ reasons }) => reasons.includes(reason)).map(({ sub }) => sub))
}

function isAccusation({ kind }: Finding, isWhole: boolean): boolean {
  return kind !== 'unknown' && (isWhole || kind !== 'lost-told')
}
