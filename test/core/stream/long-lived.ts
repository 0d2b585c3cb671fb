// Fills a stream until V8 has compiled what a batch passes, then lets retention drop. Run by rehearsal.test.ts with V8's trace of
// the code that it throws away; `rehearsed` as the first word rehearses before.

import { writeSync } from 'node:fs'
import type { Boot, NodeId } from '../../../node/core/common/ids.ts'
import { Feed } from '../../../node/core/stream/feed.ts'
import { rehearse } from '../../../node/core/stream/rehearsal.ts'
import { Replica } from '../../../node/core/stream/replica.ts'

if (process.argv[2] === 'rehearsed') rehearse()

const batches = 20_000
const frameBytes = 64
const retention = { bytes: 1_000_000_000, ageMs: batches }
const replica = new Replica({ name: 's', topics: ['t'], mode: 'gossip', retention, copies: 0, replicas: 3 })
// A small integer, for V8 too, up to the batch with which the stream is full.
replica.insertedBytes = 2_143_643_648
const state = replica.originState('A' as NodeId, (2 ** 40 + 1) as Boot, 0)
replica.setBase(state, 0)
const feed = new Feed(replica, { kind: 'now' }, () => undefined)
let read = 0
for (let from = 1; from <= batches + 100; from++) {
  if (from === batches) writeSync(1, 'the stream is full\n')
  replica.insert(state, { frame: new Uint8Array(frameBytes), from, count: 1, confirm: false }, from)
  replica.advance(state)
  replica.trim(from)
  if (feed.next() !== undefined) read++
}
process.stdout.write(`read ${read}, held ${replica.messages}\n`)
