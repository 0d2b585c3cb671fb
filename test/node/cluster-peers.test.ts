// Which nodes a node keeps links to, and where it takes them to be, as members come, go and move.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Logger } from 'pino'
import type { Broker } from '../../node/broker/broker.ts'
import { ClusterPeers } from '../../node/cluster-peers.ts'
import type { NodeConfig } from '../../node/config/node-config.ts'
import { Counters } from '../../node/core/common/counters.ts'
import type { Boot, NodeId } from '../../node/core/common/ids.ts'
import { Roster } from '../../node/meta/roster.ts'
import type { LinkListener } from '../../node/net/ports.ts'

const [a, b] = ['A', 'B'] as [NodeId, NodeId]
const meta = 1

/** Node A, whose peers.json has A and B; and what the broker was told. */
function peersOfA(): { readonly peers: ClusterPeers; readonly told: (readonly NodeId[])[] } {
  const told: (readonly NodeId[])[] = []
  const broker = { handle: ({ nodes }: { readonly nodes: readonly NodeId[] }) => told.push(nodes) }
  const file = new Map([
    [a, { host: '127.0.0.1', port: 1 }],
    [b, { host: '127.0.0.1', port: 2 }],
  ])
  const peers = new ClusterPeers({
    config: { cluster: 'herald', nodeId: a, peers: file } as unknown as NodeConfig,
    ...{ boot: 1 as Boot, version: '1', member: 1, counters: new Counters(), random: Math.random },
    broker: broker as unknown as Broker,
    listener: {} as LinkListener,
    log: { info: () => undefined } as unknown as Logger,
    onBanned: () => assert.fail('it goes on'),
  })
  return { peers, told }
}

function founded(): Roster {
  return Roster.found(2, [
    { id: 1, node: a, address: '127.0.0.1:1' },
    { id: 2, node: b, address: '127.0.0.1:2' },
  ])
}

function portOf({ links }: ClusterPeers): number | undefined {
  return links.own.peers.get(b)?.port
}

test('a node that left and comes back elsewhere is where the roster says, also if it has not shown itself yet', () => {
  const { peers, told } = peersOfA()
  const roster = founded()
  peers.onRoster(roster, meta)
  assert.deepEqual([portOf(peers), told], [2, []], 'nothing is new')
  roster.apply({ op: 'leave', node: b })
  roster.apply({ op: 'left', id: 2 })
  peers.onRoster(roster, meta)
  assert.deepEqual([portOf(peers), told], [undefined, [[a]]])
  roster.apply({ op: 'join', member: { id: 3, node: b, address: '127.0.0.1:33' } })
  peers.onRoster(roster, meta)
  assert.deepEqual([portOf(peers), told], [33, [[a], [a, b]]])
})

test('a node that went and came back between two looks at the roster is where it says now', () => {
  const { peers } = peersOfA()
  const roster = founded()
  peers.onRoster(roster, meta)
  roster.apply({ op: 'leave', node: b })
  roster.apply({ op: 'left', id: 2 })
  roster.apply({ op: 'join', member: { id: 3, node: b, address: '127.0.0.1:33' } })
  peers.onRoster(roster, meta)
  assert.equal(portOf(peers), 33)
})

test('where a member is, peers.json says and not the roster, as long as it has not moved', () => {
  const { peers } = peersOfA()
  const roster = Roster.found(2, [
    { id: 1, node: a, address: '127.0.0.1:1' },
    { id: 2, node: b, address: '10.0.0.2:9000' },
  ])
  peers.onRoster(roster, meta)
  assert.equal(portOf(peers), 2)
})
