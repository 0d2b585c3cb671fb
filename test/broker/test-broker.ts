// A broker whose surroundings record: its clock stands, nothing is sent, and its journal is a list.

import { Broker } from '../../node/broker/broker.ts'
import type { Recorder } from '../../node/broker/ports.ts'
import { Counters } from '../../node/core/common/counters.ts'
import type { Boot, NodeId } from '../../node/core/common/ids.ts'
import type { LeaderPorts } from '../../node/leader/ports.ts'
import { createTestLeader } from '../leader/test-leader.ts'

export interface TestBroker {
  readonly broker: Broker
  readonly counters: Counters
}

/** A broker of node A beside node B, of which nothing was heard yet. Its streams in leader mode are its alone. */
export function createBroker(
  recorder: Partial<Recorder> = {},
  leaderPorts: Partial<LeaderPorts> = {},
): TestBroker {
  const counters = new Counters()
  const silent: Recorder = {
    sent: () => undefined,
    sentMixed: () => undefined,
    delivered: () => undefined,
    latency: () => undefined,
    placed: () => undefined,
    voided: () => undefined,
    unplaced: () => undefined,
    subscriptionEvent: () => undefined,
    stream: () => undefined,
  }
  const broker: Broker = new Broker({
    node: 'A' as NodeId,
    boot: 1 as Boot,
    leader: createTestLeader({
      onDelivered: (replica) => broker.onDelivered(replica),
      epochs: {
        onSealed: (stream) => broker.epochs.onSealed(stream),
        onEpoch: (...call) => broker.epochs.onEpoch(...call),
        publishAgain: (...call) => broker.epochs.publishAgain(...call),
      },
      ...leaderPorts,
    }),
    peers: ['A', 'B'] as NodeId[],
    ports: {
      now: leaderPorts.now ?? (() => 1000),
      endOfTurn: (callback) => setImmediate(callback),
      deferAnswers: (callback) => setImmediate(callback),
      after: () => undefined,
      sendToPeer: () => undefined,
      recorder: { ...silent, ...recorder },
      count: (counter, by) => counters.increment(counter, by),
      allocate: (bytes) => new Uint8Array(bytes),
      onCatalogChanged: () => undefined,
    },
    defaults: { retention: { bytes: 1_000_000, ageMs: 60_000 }, copies: 0 },
  })
  return { broker, counters }
}

/** Ends so many turns of the event loop: what they bring is done. */
export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Passes the time that the node takes to lead. */
export async function lead({ leader }: Broker): Promise<void> {
  for (let tick = 0; tick < 25; tick++) {
    leader.tick()
    await turns(3)
  }
}
