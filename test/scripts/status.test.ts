// `herald status` against fake nodes: healthy and ill, once and again and again, with nodes that hang or are gone.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readProjectFile } from '../tidy/project-files.ts'
import { FakeCluster } from './fake-cluster.ts'

/** A node that hangs is given up after this; long enough for a node that answers on a loaded machine. */
const shortTimeout = ['--timeout', '700ms']

test('status shows every node and exits 0 when all is well', async () => {
  await using cluster = await FakeCluster.start(3)
  const { exitCode, stdout, stderr } = await cluster.run('status', '--wait', 'healthy')
  assert.equal(exitCode, 0)
  assert.equal(stderr, '')
  assert.match(stdout, /^NODE +STATE +UP +LINKS/)
  for (const id of ['A', 'B', 'C']) assert.match(stdout, new RegExp(`^${id} +ready .* 2/2 .* 64MiB`, 'm'))
  assert.match(stdout, /^default +> /m)
})

test('status names a node that hangs, shows the others and exits 3', async () => {
  await using cluster = await FakeCluster.start(3)
  cluster.node('B').fault = 'hang'
  const { exitCode, stdout } = await cluster.run('status', ...shortTimeout)
  assert.equal(exitCode, 3)
  assert.match(stdout, /^A +ready/m)
  assert.match(stdout, /^C +ready/m)
  assert.match(stdout, /node B cannot be reached: no answer within 700 ms/)
  // It has had its time: the second sample of the rates does without it.
  assert.deepEqual(cluster.node('B').requests, ['GET /v1/status'])
})

test('status exits 4 when a link is down and says why', async () => {
  await using cluster = await FakeCluster.start(2)
  cluster.node('A').linkState = 'down'
  const { exitCode, stdout } = await cluster.run('status')
  assert.equal(exitCode, 4)
  assert.match(stdout, /node A: the link to B is down: connection refused/)
})

test('status exits 4 while a node does not vote everywhere, and says what became of its log', async () => {
  await using cluster = await FakeCluster.start(2)
  cluster.node('A').member = { state: 'outside' }
  cluster.node('B').member = { state: 'learning', damage: 'log/1.log from byte 7' }
  const { exitCode, stdout } = await cluster.run('status')
  assert.equal(exitCode, 4)
  assert.match(stdout, /node A is in no cluster yet: the first node of peers.json founds one/)
  assert.match(stdout, /node B has not caught up .*; its log was set aside: log\/1.log from byte 7/)
})

test('status goes on telling that a log was set aside when its node has learned again, and exits 0', async () => {
  await using cluster = await FakeCluster.start(2)
  cluster.node('B').member = { state: 'settled', damage: 'log/1.log from byte 7' }
  const { exitCode, stdout } = await cluster.run('status')
  assert.equal(exitCode, 0)
  assert.match(
    stdout,
    /^node B has learned again what it had; its log was set aside: log\/1.log from byte 7$/m,
  )
})

const ordersStream = {
  ...{ topics: ['orders.>'], retention: { bytes: 1, ageMs: 1 }, copies: 1, version: 1 },
  ...{ mode: 'leader', epoch: 3 },
}

/** Three nodes with a stream in leader mode that A leads, as each knows it. */
async function startLed(): Promise<FakeCluster> {
  const cluster = await FakeCluster.start(3)
  for (const node of cluster.nodes) {
    node.streams.set('orders', ordersStream)
    node.order = { leader: 'A', group: 4, last: 1207, commit: 1310 }
  }
  return cluster
}

test('status shows mode, epoch, group, leader, commit and lag of a stream, within 120 columns', async () => {
  await using cluster = await startLed()
  // It knows of less than the others, and has not applied all of that: 1310 - (1305 - 2) entries behind.
  cluster.node('C').order = { leader: 'A', group: 4, last: 1200, commit: 1305, lag: 2 }
  const { exitCode, stdout } = await cluster.run('status')
  assert.equal(exitCode, 0)
  assert.match(stdout, /^STREAM +TOPICS +MODE +EPOCH +GROUP +LEADER +OFFSET +COMMIT +LAG +PUBLISHED/m)
  assert.match(stdout, /^orders +orders\.> +leader +3 +4 +A +1,207 +1,310 +7 +0 /m)
  assert.match(stdout, /^default +> +gossip +0 +- +- +- +- +- +0 /m)
  assert.deepEqual(
    stdout.split('\n').filter((line) => line.length > 120),
    [],
  )
})

/** What docs/operating.md says of it. */
const documented = /^## Status$[\s\S]*?(?=^## )/m.exec(readProjectFile('docs/operating.md'))?.[0] ?? ''

test('status --help and docs/operating.md say what each column means', async () => {
  await using cluster = await startLed()
  const { stdout } = await cluster.run('status')
  const headings = [/^NODE .+$/m, /^STREAM .+$/m].map((line) =>
    (line.exec(stdout)?.[0] ?? '').split(/ {2,}| (?=SENT|STATE|LINKS)/),
  )
  const help = (await cluster.run('status', '--help')).stdout
  assert.deepEqual(
    headings.map(({ length }) => length),
    [11, 13],
  )
  for (const heading of headings.flat()) {
    assert.ok(documented.includes(`\`${heading}\``), heading)
    if (heading !== 'NODE' && heading !== 'STREAM')
      assert.match(help, new RegExp(`^ .*\\b${heading}\\b`, 'm'))
  }
})

test('docs/operating.md has every line that status prints of what is wrong', async () => {
  await using cluster = await FakeCluster.start(6)
  const [a, b, c, d, e, f] = cluster.nodes
  assert.ok(a && b && c && d && e && f)
  a.state = 'starting'
  b.state = 'draining'
  b.journal = { state: 'failing', reason: 'ENOSPC' }
  c.member = { state: 'outside' }
  c.linkState = 'refused'
  d.member = { state: 'learning' }
  d.linkState = 'down'
  d.streams.set('orders', ordersStream)
  d.order = { leader: undefined, refuses: 'NO_LEADER' }
  e.member = { state: 'learning', damage: 'log/1.log from byte 7' }
  f.fault = 'refuse'
  const refused = await cluster.run('status', '--json')
  await f.stop()
  const { problems } = JSON.parse((await cluster.run('status', '--json')).stdout)
  const lines: readonly string[] = [...JSON.parse(refused.stdout).problems, ...problems]
  const templates = [...documented.matchAll(/`([^`]+)`/g)].map(
    ([, text = '']) => new RegExp(`^${text.replace(/[.()]/g, '\\$&').replaceAll('…', '.*')}$`),
  )
  const kinds = lines.map((line) => {
    const generic = line
      .replace(/node [A-F]/, 'node A')
      .replace(/(at|to) [A-F]\b/, (_, word) => (word === 'at' ? 'at A' : 'to B'))
    const found = templates.find((template) => template.test(generic))
    assert.ok(found, generic)
    return found
  })
  assert.equal(new Set(kinds).size, 11)
})

test('a node that refuses to answer is named, and the cluster is not healthy', async () => {
  await using cluster = await FakeCluster.start(2)
  cluster.node('B').fault = 'refuse'
  const { exitCode, stdout } = await cluster.run('status')
  assert.equal(exitCode, 4)
  assert.match(stdout, /^node B refuses to answer: not from here$/m)
})

test('status says which node has no leader for a stream, and exits 4', async () => {
  await using cluster = await startLed()
  cluster.node('C').order = { leader: undefined, refuses: 'NO_LEADER' }
  const { exitCode, stdout } = await cluster.run('status')
  assert.equal(exitCode, 4)
  assert.match(stdout, /^orders .* A or none /m)
  assert.match(stdout, /^stream orders has no leader at C: it refuses publications with NO_LEADER$/m)
  assert.doesNotMatch(stdout, /no leader at [AB]|stream default/)
})

test('status exits 4 for what is refused also where nodes cannot be reached, and says so in --json', async () => {
  await using cluster = await startLed()
  for (const id of ['A', 'B']) await cluster.node(id).stop()
  cluster.node('C').order = { leader: undefined, refuses: 'NO_LEADER' }
  const { exitCode, stdout } = await cluster.run('status', '--json')
  const { healthy, problems, unreachable } = JSON.parse(stdout)
  assert.equal(exitCode, 4)
  assert.equal(healthy, false)
  assert.equal(unreachable.length, 2)
  assert.equal(problems.at(-1), 'stream orders has no leader at C: it refuses publications with NO_LEADER')
})

test('a node that has not heard of a leader yet, or is in no cluster, has no line about its streams', async () => {
  await using cluster = await startLed()
  cluster.node('B').order = { leader: undefined }
  const young = await cluster.run('status')
  assert.equal(young.exitCode, 0)
  assert.match(young.stdout, /^orders .* A or none /m)
  cluster.node('B').order = { leader: undefined, refuses: 'NO_LEADER' }
  cluster.node('B').member = { state: 'outside' }
  const outside = await cluster.run('status')
  assert.equal(outside.exitCode, 4)
  assert.match(outside.stdout, /node B is in no cluster yet/)
  assert.doesNotMatch(outside.stdout, /has no leader/)
})

test('status --wait healthy waits until every stream has a leader', async () => {
  await using cluster = await startLed()
  const node = cluster.node('B')
  node.order = { leader: undefined, refuses: 'NO_LEADER' }
  let isOver = false
  const waiting = cluster.run('status', '--wait', 'healthy', '--timeout', '30s').finally(() => {
    isOver = true
  })
  while (node.requests.length < 2 && !isOver) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(isOver, false)
  node.order = { leader: 'A' }
  const { exitCode, stdout } = await waiting
  assert.equal(exitCode, 0)
  assert.doesNotMatch(stdout, /has no leader/)
})

test('the README says of a minority what status says', async () => {
  await using cluster = await startLed()
  cluster.node('C').order = { leader: undefined, refuses: 'NO_LEADER' }
  const { problems } = JSON.parse((await cluster.run('status', '--json')).stdout)
  const guarantee = /- \*\*G12\*\*[\s\S]*?(?=\n- \*\*)/.exec(readProjectFile('README.md'))?.[0] ?? ''
  assert.equal(problems.length, 1)
  assert.ok(guarantee.includes(`\`${problems[0]}\``), guarantee)
})

test('status exits 4 when a node cannot write its journal and says why', async () => {
  await using cluster = await FakeCluster.start(2)
  cluster.node('B').journal = { state: 'failing', reason: 'ENOSPC: no space left on device' }
  const { exitCode, stdout } = await cluster.run('status')
  assert.equal(exitCode, 4)
  assert.match(stdout, /node B cannot write its journal: ENOSPC/)
})

test('status --wait healthy exits 4 when the time is over', async () => {
  await using cluster = await FakeCluster.start(2)
  cluster.node('A').state = 'starting'
  const { exitCode, stderr } = await cluster.run('status', '--wait', 'healthy', '--timeout', '200ms')
  assert.equal(exitCode, 4)
  assert.match(stderr, /not healthy within 0.2 s/)
})

test('status --wait healthy returns as soon as the cluster is healthy', async () => {
  await using cluster = await FakeCluster.start(2)
  const node = cluster.node('A')
  node.state = 'starting'
  const waiting = cluster.run('status', '--wait', 'healthy', '--timeout', '30s')
  while (node.requests.length < 2) await new Promise((resolve) => setImmediate(resolve))
  node.state = 'ready'
  assert.equal((await waiting).exitCode, 0)
})

test('status --json prints one document with rates and the nodes that were not reached', async () => {
  await using cluster = await FakeCluster.start(2)
  await cluster.node('B').stop()
  const { exitCode, stdout } = await cluster.run('status', '--json')
  const document = JSON.parse(stdout)
  assert.equal(exitCode, 3)
  assert.equal(document.schemaVersion, 1)
  assert.equal(document.healthy, false)
  assert.deepEqual(document.nodes[0].rates, { publishedPerSecond: 0, deliveredPerSecond: 0 })
  assert.equal(document.unreachable[0].node, 'B')
  assert.match(document.unreachable[0].reason, /ECONNREFUSED/)
})

test('a node that answers with something else counts as not reached', async () => {
  await using cluster = await FakeCluster.start(2)
  cluster.node('A').fault = 'garbage'
  const { exitCode, stdout } = await cluster.run('status')
  assert.equal(exitCode, 3)
  assert.match(stdout, /node A cannot be reached: .*not JSON/)
})

test('--only asks the named nodes and no others', async () => {
  await using cluster = await FakeCluster.start(3)
  const { exitCode, stdout } = await cluster.run('status', '--only', 'C,A', '--json')
  assert.equal(exitCode, 0)
  assert.deepEqual(
    JSON.parse(stdout).nodes.map((node: { node: string }) => node.node),
    ['C', 'A'],
  )
  assert.deepEqual(cluster.node('B').requests, [])
})

test('--only with an unknown node is a mistake of usage', async () => {
  await using cluster = await FakeCluster.start(2)
  const { exitCode, stderr } = await cluster.run('status', '--only', 'Z')
  assert.equal(exitCode, 2)
  assert.match(stderr, /there is no node "Z"\n +use one of A, B/)
})
