// Ranges of seeds: what `npm run sim` makes of them does not depend on how many threads share them.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatReport } from '../../sim/report.ts'
import { runOnThreads } from '../../sim/seed-pool.ts'
import { runSeeds, type SeedRange } from '../../sim/worlds.ts'

const range: SeedRange = { world: 'gossip', first: 4, count: 12, nodes: 3, twiceOneOf: 5 }

test('two threads find in a range of seeds what one finds', async () => {
  const alone = runSeeds(range)
  const failures: string[] = []
  const shared = await runOnThreads(range, 2, (text) => failures.push(text))
  assert.deepEqual([{ ...shared }, failures], [{ ...alone.totals }, alone.failures])
})

test('every seed of a range is run once, and those that are to be compared twice', () => {
  const { totals, failures } = runSeeds(range)
  assert.deepEqual([totals.seeds, totals.twice, totals.failed, failures], [12, 3, 0, []])
  assert.match(
    formatReport(totals, 2),
    /^12 seeds, 3 of them twice, 0 failed;.*\n(?:.*\n)*in 2\.0 s \(6\.0 seeds\/s\)\n$/,
  )
})
