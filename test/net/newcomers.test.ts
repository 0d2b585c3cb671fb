// Nodes that come and go while others run: who is let in, and who is not any more.

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { NodeId } from '../../node/core/common/ids.ts'
import type { PeerAddress } from '../../node/net/hello.ts'
import { TcpProxy } from './tcp-proxy.ts'
import { closeAll, type Peers, startPair, startTestNode, type TestNode, toNode } from './test-node.ts'

/** B knows nobody, and this one knows B. */
async function startNewcomer(
  context: TestContext,
  id: string,
  removed: readonly number[] = [],
): Promise<{ readonly node: TestNode; readonly newcomer: TestNode; readonly own: Peers }> {
  const [proxyOfB, proxy] = [await TcpProxy.start(0), await TcpProxy.start(0)]
  const own: Peers = { B: ['127.0.0.1', proxyOfB.port] }
  const all: Peers = { ...own, [id]: ['127.0.0.1', proxy.port] }
  const node = await startTestNode({ id: 'B', boot: 2, peers: own, takesNewcomers: true, removed })
  proxyOfB.aim(node.port)
  const newcomer = await startTestNode({ id, boot: 3, peers: all })
  proxy.aim(newcomer.port)
  context.after(async () => {
    await closeAll([node, newcomer])
    await Promise.all([proxyOfB.close(), proxy.close()])
  })
  await Promise.all(
    [node, newcomer].map(({ listener }) => listener.until(() => listener.events.length === 1)),
  )
  return { node, newcomer, own }
}

function toAddresses(peers: Peers): Map<NodeId, PeerAddress> {
  return new Map(Object.entries(peers).map(([id, [host, port]]) => [toNode(id), { host, port }]))
}

for (const id of ['A', 'C']) {
  test(`links ${id}, which it does not know and which has it in its peers.json, and lets it go again`, async (context) => {
    const { node, newcomer, own } = await startNewcomer(context, id)
    assert.deepEqual([node.listener.events, newcomer.listener.events], [[`up ${id} 3`], ['up B 2']])
    node.links.setPeers(toAddresses(own))
    assert.deepEqual(node.listener.events.slice(1), [`down ${id}: node ${id} is not in the cluster any more`])
    assert.deepEqual(node.links.statuses(), [])
  })

  test(`${id} hears that it was removed, whoever of the two dials`, async (context) => {
    const removed: number[] = []
    const { node, newcomer, own } = await startNewcomer(context, id, removed)
    removed.push(3)
    node.links.setPeers(toAddresses(own))
    await newcomer.listener.until(() => newcomer.bans.length > 0)
    assert.equal(newcomer.bans[0], 'NODE_REMOVED: member 3 was removed')
  })
}

test('a member that was removed is refused, and hears so wherever it dials', async () => {
  const pair = await startPair({ b: { removed: [1] }, expectUp: false })
  await using _ = pair
  await pair.a.listener.until(() => pair.a.bans.length > 0)
  assert.deepEqual(pair.a.bans.slice(0, 1), ['NODE_REMOVED: member 1 was removed'])
  assert.deepEqual([pair.a.listener.events, pair.b.listener.events], [[], []])
})
