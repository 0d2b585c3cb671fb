// How a node refuses to start: with the reason, and the exit code 2.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { reservePorts } from '../../scripts/fleet/local-ports.ts'
import { Cluster } from './cluster.ts'
import { ClusterNode, type ClusterNodeOptions, program } from './cluster-node.ts'
import { untilLink } from './traffic.ts'
import { until } from './until.ts'

/** A node of `cluster` under the same id, with some things changed. */
function twin(node: ClusterNode, changes: Partial<ClusterNodeOptions>): ClusterNode {
  return new ClusterNode({ ...node.options, ...changes })
}

/** Starts the process and expects that it refuses; returns what it said. */
async function refusal(node: ClusterNode, ...further: readonly string[]): Promise<string> {
  node.spawn(...further)
  const { code } = await node.exit
  const said = node.log.filter((line) => !line.startsWith('{')).join('\n')
  assert.equal(code, 2, said)
  return said
}

test('all problems of options and peers.json are told at once, each with its place', async () => {
  await using cluster = await Cluster.prepare({ nodes: 1 })
  const peers = { A: ['127.0.0.1', 99_999], B: ['127.0.0.1'], 'no id': ['127.0.0.1', 1] }
  await writeFile(cluster.node('A').options.peersFile, JSON.stringify(peers))
  const said = await refusal(cluster.node('A'), '--log-level', 'loud', '--colour', 'blue')
  assert.match(said, /peers\.json: A\[1\]: port 99999 is not 1\.\.65535/)
  assert.match(said, /peers\.json: B/)
  assert.match(said, /no id/)
  assert.match(said, /--log-level/)
  assert.match(said, /--colour/)
})

test('the last line of a refusal ends, so that a prompt does not begin behind it', () => {
  const { status, stderr } = spawnSync(process.execPath, [program, '--colour'], { encoding: 'utf8' })
  assert.equal(status, 2)
  assert.match(stderr, /\S\n$/)
})

test('a node id that peers.json lacks is refused', async () => {
  await using cluster = await Cluster.prepare({ nodes: 2 })
  assert.match(await refusal(twin(cluster.node('A'), { id: 'Z' })), /Z.*peers\.json|peers\.json.*Z/)
})

test('every option can be given as a variable', async () => {
  const [port = 0, adminPort = 0] = await reservePorts([0, 0])
  const folder = await mkdtemp(join(tmpdir(), 'herald-variables-'))
  const peersFile = join(folder, 'peers.json')
  await writeFile(peersFile, JSON.stringify({ 'node-7': ['127.0.0.1', port] }))
  const dataPath = join(folder, 'data')
  const environment = {
    HERALD_NODE_ID: 'node-7',
    HERALD_PORT: String(port),
    HERALD_PEERS: peersFile,
    HERALD_HOST: '127.0.0.1',
    HERALD_DATA: dataPath,
    HERALD_ADMIN: `127.0.0.1:${adminPort}`,
    HERALD_ADMIN_NAMES: 'operator.example',
    HERALD_CLUSTER: 'of-variables',
    HERALD_LOG_LEVEL: 'warn',
    HERALD_LOG_FORMAT: 'json',
  }
  await using node = new ClusterNode({
    id: 'node-7',
    port,
    adminPort,
    peersFile,
    dataPath,
    environment,
    routes: {},
  })
  node.spawnBare()
  await node.untilReady()
  const status = await node.status()
  assert.deepEqual([status.node, status.cluster], ['node-7', 'of-variables'])
  const named = await fetch(`http://127.0.0.1:${adminPort}/v1/status`, { headers: { connection: 'close' } })
  assert.equal(named.status, 200)
  assert.deepEqual(node.log, [], 'nothing below warn is logged')
  assert.match((await node.journal()).files[0]?.text ?? '', /"cluster":"of-variables"/)
  await node.stop()
  await rm(folder, { recursive: true })
})

test('a second process on the same data directory is refused', async () => {
  await using cluster = await Cluster.start({ nodes: 1 })
  const [port = 0, adminPort = 0] = await reservePorts([0, 0])
  const said = await refusal(twin(cluster.node('A'), { port, adminPort }))
  assert.match(said, /^DATA_LOCKED: /m)
  assert.match(said, new RegExp(String(cluster.node('A').pid)))
})

test('the same id started twice, with a data directory and a port of its own, is refused', async () => {
  await using cluster = await Cluster.start({ nodes: 3 })
  for (const id of ['A', 'C']) {
    const [port = 0, adminPort = 0] = await reservePorts([0, 0])
    const dataPath = join(cluster.folder, `twin of ${id}`)
    await using second = twin(cluster.node(id), { port, adminPort, dataPath })
    assert.match(await refusal(second), /^NODE_ID_IN_USE: .*running already/m)
  }
  await cluster.untilLinked()
})

test('a data directory of another node and of another cluster is refused', async () => {
  await using cluster = await Cluster.start({ nodes: 2 })
  const [a, b] = [cluster.node('A'), cluster.node('B')]
  await Promise.all([a.stop(), b.stop()])
  assert.match(await refusal(twin(a, { dataPath: b.options.dataPath })), /^DATA_FOREIGN: /m)
  assert.match(await refusal(a, '--cluster', 'another'), /^DATA_FOREIGN: /m)
})

test('a data directory whose identity is damaged is refused', async () => {
  await using cluster = await Cluster.start({ nodes: 1 })
  const a = cluster.node('A')
  await a.stop()
  await writeFile(join(a.options.dataPath, 'identity.json'), '{"node":')
  assert.match(await refusal(a), /^DATA_DAMAGED: .*identity\.json/m)
})

test('a port in use is refused, on either interface', async () => {
  await using cluster = await Cluster.prepare({ nodes: 1 })
  const a = cluster.node('A')
  for (const port of [a.options.port, a.options.adminPort]) {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(port, '127.0.0.1', resolve))
    assert.match(await refusal(a), new RegExp(`^PORT_IN_USE: .*${port}`, 'm'))
    await new Promise((resolve) => taken.close(resolve))
  }
  await a.start()
})

test('nodes whose peers.json disagree about an id do not link and say why; the others do', async () => {
  await using cluster = await Cluster.prepare({ nodes: 3 })
  const [a, b, c] = [cluster.node('A'), cluster.node('B'), cluster.node('C')]
  const peersFile = join(cluster.folder, 'other peers.json')
  const addresses = (cPort: number): string =>
    JSON.stringify({
      A: ['127.0.0.1', a.options.port],
      B: ['127.0.0.1', b.options.port],
      C: ['127.0.0.1', cPort],
    })
  await writeFile(peersFile, addresses(1))
  await using other = twin(b, { peersFile })
  await Promise.all([a.start(), c.start(), other.start()])
  await cluster.untilLinked('A', 'C')
  await until('A and B refuse each other', async () => {
    const [ofA, ofB] = await Promise.all([a.status(), other.status()])
    const reasons = [ofA.links.find(({ peer }) => peer === 'B'), ofB.links.find(({ peer }) => peer === 'A')]
    return reasons.every((link) => link?.state === 'refused' && /PEERS_DISAGREE/.test(link.reason ?? ''))
  })
  await untilLink(cluster, 'A', 'C', 'up')
})

test('the status shows the zones of peers.json with the links', async () => {
  await using cluster = await Cluster.prepare({ nodes: 3 })
  const peers = Object.fromEntries(
    cluster.nodes.map(({ id, options: { port } }) => [id, { host: '127.0.0.1', port, zone: `zone-${id}` }]),
  )
  const [a] = cluster.nodes
  assert(a !== undefined)
  await writeFile(a.options.peersFile, JSON.stringify({ ...peers, C: ['127.0.0.1', peers['C']?.port] }))
  await a.start()
  const { links } = JSON.parse(JSON.stringify(await a.status()))
  const zones = links.map(({ peer, zone }: Record<string, unknown>) => [peer, zone])
  assert.deepEqual(zones, [
    ['B', 'zone-B'],
    ['C', undefined],
  ])
})

test('a node of another cluster is not linked', async () => {
  await using cluster = await Cluster.prepare({ nodes: 2 })
  const [a, b] = [cluster.node('A'), cluster.node('B')]
  await using stranger = twin(b, { environment: { HERALD_CLUSTER: 'strange' } })
  await Promise.all([a.start(), stranger.start()])
  await until('A refuses the stranger', async () => {
    const [link] = (await a.status()).links
    return link?.state === 'refused' && /CLUSTER_MISMATCH/.test(link.reason ?? '')
  })
})
