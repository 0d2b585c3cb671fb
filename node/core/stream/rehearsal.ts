// What a node does only after it has lived for a while, done once before it begins.
//
// V8 compiles the hot path for what it has seen until then. While a stream fills, its queues only grow, nothing is ever dropped, and
// counters are small: all of this goes into the compiled code as a fact. When retention is full (after 44 seconds at 10,000
// messages/s), the first drop disproves it, and V8 throws away the code of nearly everything that a message passes, in the middle
// of the traffic: for a second three to four times as many messages were late. What it has seen once it does not take for a fact.

import type { Boot, NodeId } from '../common/ids.ts'
import { SlabPool } from '../common/slabs.ts'
import { Replica } from './replica.ts'

/** Enough for V8 to note what it sees of each function below, and for chunks and slabs to become free. */
const rounds = 200
const frameBytes = 256
/** Counters beyond 31 bits are stored in another way. Bytes get there, after half an hour at 1 MiB/s. */
const longLived = 2 ** 32

/** Lets a stream of its own fill and drop, which takes about nine milliseconds. */
export function rehearse(): void {
  const definition = {
    name: 'rehearsal',
    topics: ['rehearsal'],
    mode: 'gossip',
    retention: { bytes: 32 * frameBytes, ageMs: rounds },
    copies: 0,
    replicas: 3,
  } as const
  const replica = new Replica(definition, new SlabPool({ slabBytes: 64 * frameBytes }))
  replica.insertedBytes = longLived
  const state = replica.originState('rehearsal' as NodeId, longLived as Boot, 0)
  replica.setBase(state, 0)
  for (let round = 1; round <= rounds; round++) {
    const frame = new Uint8Array(frameBytes)
    replica.insert(state, { frame, from: round, count: 1, confirm: false }, round)
    replica.advance(state)
    replica.trim(round)
  }
}
