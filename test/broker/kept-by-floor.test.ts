// A floor stands for everything before it and keeps batches of the present epoch: whoever reads here gets them, in the epoch that they are of.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Boot, type NodeId, toStreamId } from '../../node/core/common/ids.ts'
import type { KeptBatch } from '../../node/leader/kept-batches.ts'
import { Ledger } from '../../node/leader/ledger.ts'
import { batchOf } from '../leader/leader-batches.ts'
import { answerWith, definitionOf, RemadeStream } from './remade-stream.ts'
import { lead } from './test-broker.ts'

const B = 'B' as NodeId
const b = 2 as Boot
const stream = toStreamId('orders')

/** The floor comes, as `DataMachine` and `Phases` take it: B has published up to `to`, and its last messages are kept, as of this epoch. */
function restore({ broker }: RemadeStream, epoch: number, to: number, kept: readonly KeptBatch[]): void {
  const ledger = new Ledger()
  ledger.nodes.set(b, B)
  const definition = definitionOf('leader')
  const sequences = new Map([[b, to]])
  const ledgered = { definition, epoch, isSealing: false, last: 3, sequences }
  ledger.streams.set(stream, ledgered)
  broker.leader.streams.restore(ledger, kept)
  broker.epochs.onEpoch(ledgered, ledger.nodes, broker.leader.replicas.get(stream))
}

function keptOf(epoch: number, places: Readonly<Record<number, number>>): readonly KeptBatch[] {
  return Object.entries(places).map(([sequence, offset]) => {
    const from = Number(sequence)
    const data = batchOf({ boot: b, from, texts: [`kept ${from}`], epoch, offset, topic: 'orders.b' })
    return { entry: { index: from, term: 1, data }, placedBy: undefined }
  })
}

for (const mode of ['leader', 'gossip'] as const)
  test(`a node that starts with a floor hands what that keeps to a cursor from before, of a stream that was made in ${mode} mode`, async () => {
    const host = new RemadeStream()
    await host.define(definitionOf(mode))
    restore(host, 1, 3, keptOf(1, { 2: 2, 3: 3 }))
    host.link(3 as Boot, (message) => answerWith(message))
    const got = host.subscribe(new Map([['B#2', 1]]))
    await host.pass(5)
    assert.deepEqual(got, ['kept 2', 'kept 3'])
  })

for (const epoch of [1, 3])
  test(`who reads in epoch 1 gets what a floor keeps of epoch ${epoch}, though nothing follows`, async () => {
    const host = new RemadeStream()
    await host.define(definitionOf('leader'))
    await host.publishElsewhere()
    const got = host.subscribe(0)
    await lead(host.broker)
    restore(host, epoch, 4, keptOf(epoch, { 3: 2, 4: 3 }))
    await host.pass(5)
    assert.deepEqual(got, ['new', 'gap B#2 2-2', 'kept 3', 'kept 4'])
  })
