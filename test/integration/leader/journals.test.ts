// What journals of leader mode prove, from real nodes: batches that never got a place accuse nobody, and one order shows as one.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkJournals } from '../../../audit/check.ts'
import type { JournalText } from '../../../audit/journal-reader.ts'
import { sealLine } from '../../../node/core/common/line-seal.ts'
import { Cluster } from '../cluster.ts'
import { until } from '../until.ts'
import { Trial } from './trial.ts'

test('what was numbered on a node that was cut off and then died is unknown, and accuses nobody', async () => {
  await using trial = await Trial.start({
    proxied: true,
    environment: { HERALD_COPIES_TIMEOUT: '500ms' },
  })
  const leader = await trial.untilLed()
  const victim = trial.cluster.nodes.find((node) => node !== leader)
  assert(victim !== undefined)
  const others = trial.ids.filter((id) => id !== victim.id).join('')
  await using client = await trial.cluster.connect(victim.id)
  const placed = await trial.publish(client, 'before')
  assert.equal(placed.result.status, 'acknowledged')
  trial.cluster.cut(victim.id, others)
  const { result } = await trial.publish(client, 'cut off')
  assert.equal(result.status, 'unknown', JSON.stringify(result))
  await victim.admin.flush()
  await victim.kill()
  trial.cluster.heal(victim.id, others)
  await victim.start()
  await trial.cluster.untilLinked()
  const { findings, ok } = await trial.cluster.check()
  assert.ok(ok, JSON.stringify(findings))
  const unplaced = findings.filter(({ reasons }) => reasons.includes('not-acknowledged'))
  assert.ok(unplaced.length > 0, JSON.stringify(findings))
  assert.deepEqual(
    [...new Set(unplaced.map(({ origin, ranges }) => `${origin.slice(0, 2)} ${ranges}`))],
    [`${victim.id}# 2`],
  )
})

test('all subscriptions write hashes over one order at offsets in common, and one that differs is found', async () => {
  await using trial = await Trial.start()
  await using load = await trial.load()
  await load.untilAcknowledged(trial.ids, 500)
  await load.stop()
  await trial.judge()
  const journals = await Promise.all(trial.cluster.nodes.map((node) => node.journal()))
  const offsets = journals.map(({ files }) => {
    const lines = files.flatMap(({ text }) => text.split('\n').filter((line) => line.includes('"t":"order"')))
    return new Set(lines.map((line) => Number(JSON.parse(line).offset)))
  })
  const [first = new Set(), ...rest] = offsets
  const common = [...first].filter((offset) => rest.every((each) => each.has(offset)))
  assert.ok(common.length > 1, `offsets: ${offsets.map((each) => [...each].join(' ')).join('; ')}`)
  // Sessions that were closed may have lost what was on its way.
  const kinds = (some: readonly JournalText[]): readonly string[] =>
    checkJournals(some, { graceMs: 0 })
      .findings.filter(({ reasons }) => !reasons.includes('session-broken'))
      .map(({ kind }) => kind)
  assert.deepEqual(kinds(journals), [])
  const planted = journals.map((journal, index) => (index === 1 ? plant(journal, common.at(-1)) : journal))
  assert.ok(kinds(planted).includes('disagreed'))
})

test('what went with the memory of all nodes is gone for who subscribes afterwards, and accuses nobody', async () => {
  await using cluster = await Cluster.start()
  const publish = async (...texts: readonly string[]): Promise<void> => {
    await using client = await cluster.connect('A')
    for (const text of texts)
      assert.equal((await client.publish('turns.a', text)).status, 'acknowledged', text)
  }
  const admin = cluster.node('A').admin.withTimeout(20_000)
  await admin.putStream('turns', { topics: ['turns.>'], mode: 'leader' })
  await publish('1', '2')
  await admin.setMode('turns', 'gossip')
  await publish('loose', 'loose too')
  await admin.setMode('turns', 'leader')
  await publish('3')
  for (const node of cluster.nodes) await node.stop()
  await cluster.startAll()
  await cluster.untilLinked()
  await using client = await cluster.connect('B')
  const got: string[] = []
  await client.subscribe('turns.>', { from: { offset: 1 } }, (delivery) => {
    got.push(delivery.kind === 'gap' ? delivery.reason : delivery.text())
  })
  await until('it has all there is', () => got.includes('3'))
  assert.deepEqual(got, ['1', '2', 'lost', '3'])
  // The nodes compare their clocks once a while, and only then it is certain what was before what.
  await until('nobody is accused', async () => (await cluster.check()).ok)
  const { findings, totals } = await cluster.check()
  assert.deepEqual(
    findings.map(({ kind, node, ranges }) => [kind, node, ranges]),
    [['gone', 'B', '3-4']],
  )
  assert.deepEqual([totals.expected, totals.delivered, totals.gone], [3, 3, 2])
})

/** The journal with other hashes at an offset, as its node would have written them. */
function plant({ node, files }: JournalText, offset: unknown): JournalText {
  const plantIn = (line: string): string => {
    const { line: number, crc32: _, ...fields } = line === '' ? {} : JSON.parse(line)
    if (fields.t !== 'order' || fields.offset !== offset) return line
    return sealLine(JSON.stringify({ ...fields, hash: 7 }), number)
  }
  return {
    node,
    files: files.map(({ name, text }) => ({ name, text: text.split('\n').map(plantIn).join('\n') })),
  }
}
