// `herald node` where it must not act: names that are none, nodes that are not there, and a node that does not start.

import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { planIds } from '../../scripts/fleet/local-state.ts'
import { temporaryDirectory } from '../storage/temporary-directory.ts'
import { FakeCluster, runWords } from './fake-cluster.ts'

async function idsIn({ home }: FakeCluster): Promise<readonly string[]> {
  const { nodes } = JSON.parse(await readFile(join(home, 'cluster.json'), 'utf8'))
  return nodes.map(({ id }: { id: string }) => id)
}

test('node add takes no name that a node cannot have: all nodes would refuse the peers.json with it', async () => {
  await using cluster = await FakeCluster.start(2)
  for (const name of ['a b', '../F', '', 'x'.repeat(33)])
    for (const words of [
      ['add', name],
      ['replace', 'A', name, '--yes'],
    ]) {
      const { exitCode, stderr } = await cluster.run('node', ...words)
      assert.equal(exitCode, 2, words.join(' '))
      assert.match(stderr, /is no name of a node\n +use 1 to 32 letters, digits, _ and -$/m)
    }
  assert.deepEqual(await idsIn(cluster), ['A', 'B'])
  await assert.rejects(readFile(join(cluster.home, 'peers.json')), { code: 'ENOENT' })
})

test('node remove and node replace look first whether the node is there: nobody is asked, and nothing started, for one that is not', async () => {
  await using cluster = await FakeCluster.start(2)
  for (const words of [
    ['remove', 'Z'],
    ['remove', 'Z', '--yes'],
    ['replace', 'Z', 'F', '--yes'],
  ]) {
    const { exitCode, stderr } = await cluster.run('node', ...words)
    assert.equal(exitCode, 1, words.join(' '))
    assert.match(stderr, /Z is not a member of the cluster\n +use one of A, B$/m)
  }
  assert.deepEqual(await idsIn(cluster), ['A', 'B'])
  const asked = cluster.nodes.flatMap(({ requests }) => requests)
  assert.deepEqual([...new Set(asked)], ['GET /v1/nodes'])
})

test('node remove needs another node to ask than the one that goes', async () => {
  await using cluster = await FakeCluster.start(2)
  const { exitCode, stderr } = await cluster.run('node', 'remove', 'A', '--yes', '--only', 'A')
  assert.equal(exitCode, 2)
  assert.match(stderr, /no node is left that could be asked\n/)
})

test('node remove of the only member says that it is the only one, before anything is asked', async () => {
  await using cluster = await FakeCluster.start(1)
  const { exitCode, stderr } = await cluster.run('node', 'remove', 'A')
  assert.equal(exitCode, 1)
  assert.match(stderr, /NODE_NEEDED: A is the only member of the cluster\n +stop it with `herald exit`/)
})

test('node add starts nothing where no majority could admit it', async (context) => {
  await using cluster = await FakeCluster.start(2)
  // Each look at the clock is a second later, so that nothing is waited for.
  let now = 0
  context.mock.method(Date, 'now', () => {
    now += 1000
    return now
  })
  for (const node of cluster.nodes) node.hasMajority = false
  const { exitCode, stderr } = await cluster.run('node', 'add', 'F')
  assert.equal(exitCode, 4)
  assert.match(
    stderr,
    /NO_LEADER: no node is with a majority of the members, which could admit another\n +start those that are down/,
  )
  assert.deepEqual(await idsIn(cluster), ['A', 'B'])
})

test('node list calls the group of names by its name', async () => {
  await using cluster = await FakeCluster.start(1)
  const { stdout } = await cluster.run('node', 'list')
  assert.match(stdout, /META 1 names$/m)
})

test('a node that is to be added and does not start is not in the cluster afterwards', async () => {
  await using cluster = await FakeCluster.start(2)
  for (const [at, node] of cluster.nodes.entries()) node.clientPort = at + 1
  await cluster.saveState()
  const data = join(cluster.home, 'data', 'F')
  await mkdir(data, { recursive: true })
  // Also what to do about it has a colon.
  await writeFile(join(data, 'identity.json'), '{}')
  const { exitCode, stderr } = await cluster.run('node', 'add', 'F')
  assert.equal(exitCode, 1)
  assert.match(stderr, /node F did not start: DATA_OUTDATED: .*identity\.json/)
  assert.deepEqual(await idsIn(cluster), ['A', 'B'])
  const peers = JSON.parse(await readFile(join(cluster.home, 'peers.json'), 'utf8'))
  assert.deepEqual(Object.keys(peers), ['A', 'B'])
})

test('node add is for a cluster that runs: alone the node would found one of its own', async (context) => {
  const home = await temporaryDirectory(context)
  const { exitCode, stderr } = await runWords(['node', 'add', 'F'], { HERALD_HOME: home })
  assert.equal(exitCode, 1)
  assert.match(stderr, /no local cluster is running\n +start one with `herald up`/)
  assert.deepEqual(await readdir(home), [])
})

test('node add means the whole cluster: of those that --only leaves nobody could say whether all have caught up', async () => {
  await using cluster = await FakeCluster.start(2)
  const { exitCode, stderr } = await cluster.run('node', 'add', 'F', '--only', 'A')
  assert.equal(exitCode, 2)
  assert.match(stderr, /takes no --only\n +start F with `herald node add F`/)
})

test('a number of nodes means those that were there last, also where one was replaced, and then others', () => {
  assert.deepEqual(planIds([], 3), ['A', 'B', 'C'])
  assert.deepEqual(planIds(['A', 'B', 'F'], 3), ['A', 'B', 'F'])
  assert.deepEqual(planIds(['A', 'B', 'F'], 5), ['A', 'B', 'F', 'C', 'D'])
  assert.equal(planIds(['x1'], 16).length, 16)
})

test('node list marks who does not answer, and exits 3', async () => {
  await using cluster = await FakeCluster.start(3)
  await cluster.node('B').stop()
  const { exitCode, stdout, stderr } = await cluster.run('node', 'list')
  assert.equal(exitCode, 3)
  assert.match(stdout, /^B .*does not answer/m)
  assert.match(stderr, /node B cannot be reached/)
})
