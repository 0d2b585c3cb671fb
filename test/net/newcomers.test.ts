// Nodes that come and go while others run: who is let in, and who is not any more.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TcpProxy } from './tcp-proxy.ts'
import { type Peers, startPair, startTestNode, toNode } from './test-node.ts'

for (const id of ['A', 'C']) {
  test(`links ${id}, which it does not know and which has it in its peers.json, and lets it go again`, async (context) => {
    const [proxyOfB, proxy] = [await TcpProxy.start(0), await TcpProxy.start(0)]
    context.after(() => Promise.all([proxyOfB.close(), proxy.close()]))
    const own: Peers = { B: ['127.0.0.1', proxyOfB.port] }
    const all: Peers = { ...own, [id]: ['127.0.0.1', proxy.port] }
    await using node = await startTestNode({ id: 'B', boot: 2, peers: own, takesNewcomers: true })
    proxyOfB.aim(node.port)
    await using newcomer = await startTestNode({ id, boot: 3, peers: all })
    proxy.aim(newcomer.port)
    await Promise.all(
      [node, newcomer].map(({ listener }) => listener.until(() => listener.events.length === 1)),
    )
    assert.deepEqual([node.listener.events, newcomer.listener.events], [[`up ${id} 3`], ['up B 2']])
    node.links.setPeers(new Map([[toNode('B'), { host: '127.0.0.1', port: proxyOfB.port }]]))
    assert.deepEqual(node.listener.events.slice(1), [`down ${id}: node ${id} is not in the cluster any more`])
    assert.deepEqual(node.links.statuses(), [])
  })
}

test('a member that was removed is refused, and hears so wherever it dials', async () => {
  const pair = await startPair({ b: { removed: [1] }, expectUp: false })
  await using _ = pair
  await pair.a.listener.until(() => pair.a.bans.length > 0)
  assert.deepEqual(pair.a.bans.slice(0, 1), ['NODE_REMOVED: member 1 was removed'])
  assert.deepEqual([pair.a.listener.events, pair.b.listener.events], [[], []])
})
