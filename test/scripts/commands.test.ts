// Every other command against fake nodes: what it asks, what it prints, how it ends; with a node that refuses or is gone.

import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { FakeCluster, runWords } from './fake-cluster.ts'

test('send lets the sender publish and shows what was acknowledged', async () => {
  await using cluster = await FakeCluster.start(2)
  const { exitCode, stdout } = await cluster.run('send', 'B', 'orders.eu', 'hello', '1000')
  assert.equal(exitCode, 0)
  assert.match(stdout, /^B +default +1,000 +0 +0 +1-1000 +12ms$/m)
  assert.deepEqual(cluster.node('A').requests, [])
})

test('send exits 1 and gives the reason when the node refuses the topic', async () => {
  await using cluster = await FakeCluster.start(1)
  const { exitCode, stderr, stdout } = await cluster.run('send', 'A', 'bad topic', 'hello', '10')
  assert.equal(exitCode, 1)
  assert.equal(stdout, '')
  assert.match(stderr, /node A refused: TOPIC_INVALID: "bad topic" has a space at 3/)
})

test('send exits 1 when the fate of a message is unknown', async () => {
  await using cluster = await FakeCluster.start(1)
  assert.equal((await cluster.run('send', 'A', 'unsure', 'hello', '10')).exitCode, 1)
})

test('send counts as unknown all that a node was asked to send that does not answer', async () => {
  await using cluster = await FakeCluster.start(2)
  cluster.node('A').fault = 'hang'
  const words = ['flood', 'A', 'B', 'orders.eu', 'hello', '50', '--timeout', '700ms']
  const { exitCode, stdout, stderr } = await cluster.run(...words)
  assert.equal(exitCode, 3)
  assert.match(stdout, /^A +- +- +- +50 +- +-$/m)
  assert.match(stdout, /^B +default +50 +0 +0 /m)
  assert.match(
    stderr,
    /node A may have sent some of it, or may do so yet; once all nodes answer, `herald check` tells/,
  )
  const { unreachable } = JSON.parse((await cluster.run(...words, '--json')).stdout)
  assert.deepEqual(unreachable, [
    { node: 'A', reason: 'no answer within 750 ms', mayHaveActed: true, unknown: 50 },
  ])
})

test('send counts nothing as unknown where there is no node to ask', async () => {
  await using cluster = await FakeCluster.start(2)
  await cluster.node('A').stop()
  const { exitCode, stdout, stderr } = await cluster.run('send', 'A', 'orders.eu', 'hello', '50')
  assert.equal(exitCode, 3)
  assert.equal(stdout, '')
  assert.match(stderr, /^node A cannot be reached: connect ECONNREFUSED [^\n]*\n$/)
  const json = await cluster.run('send', 'A', 'orders.eu', 'hello', '50', '--json')
  assert.equal(JSON.parse(json.stdout).unreachable[0].unknown, 0)
})

test('send refuses a count that is not a number of 1 or more', async () => {
  await using cluster = await FakeCluster.start(1)
  for (const count of ['0', '-1', 'many', '1.5']) {
    const { exitCode, stderr } = await cluster.run('send', 'A', 'a', 'm', '--', count)
    assert.equal(exitCode, 2, count)
    assert.match(stderr, /not a whole number/)
  }
})

test('flood sends from all senders, counts topic, message and count from the end, and names who could not', async () => {
  await using cluster = await FakeCluster.start(3)
  await cluster.node('B').stop()
  const { exitCode, stdout, stderr } = await cluster.run('flood', 'A', 'B', 'C', 'orders.eu', 'hello', '50')
  assert.equal(exitCode, 3)
  assert.match(stdout, /^A +default +50/m)
  assert.match(stdout, /^C +default +50/m)
  assert.match(stderr, /node B cannot be reached/)
})

test('flood without a sender is a mistake of usage', async () => {
  await using cluster = await FakeCluster.start(1)
  const { exitCode, stderr } = await cluster.run('flood', 'orders.eu', 'hello', '50')
  assert.equal(exitCode, 2)
  assert.match(stderr, /at least one sender/)
})

test('subscriptions are added once, listed and removed', async () => {
  await using cluster = await FakeCluster.start(2)
  const first = await cluster.run('subscriptions', 'add', 'A', 'orders.>')
  const second = await cluster.run('subscriptions', 'add', 'A', 'orders.>', '--json')
  assert.equal(first.stdout, 'node A is subscribed to orders.>\n')
  assert.deepEqual(JSON.parse(second.stdout).changed, false)
  const list = await cluster.run('subscriptions', 'list')
  assert.match(list.stdout, /^A +orders\.> +default +7/m)
  const removed = await cluster.run('subscriptions', 'remove', 'A', 'orders.>')
  assert.deepEqual([removed.exitCode, removed.stdout], [0, 'node A is not subscribed to orders.>\n'])
  assert.equal((await cluster.run('subscriptions', 'list', 'A')).stdout, 'no subscriptions\n')
})

test('subscriptions add exits 1 with the reason for an invalid pattern', async () => {
  await using cluster = await FakeCluster.start(1)
  const { exitCode, stderr } = await cluster.run('subscriptions', 'add', 'A', 'orders..eu')
  assert.equal(exitCode, 1)
  assert.match(stderr, /PATTERN_INVALID: "orders..eu" has an empty token at 6/)
})

test('subscribers collects the answers of all nodes', async () => {
  await using cluster = await FakeCluster.start(2)
  for (const node of cluster.nodes) node.subscriptions.add('orders.>')
  const { exitCode, stdout } = await cluster.run('subscribers', 'orders.eu', '--json')
  assert.equal(exitCode, 0)
  const { subscribers } = JSON.parse(stdout)
  assert.deepEqual(
    subscribers.map((one: { node: string }) => one.node),
    ['A', 'B'],
  )
})

test('subscribers prints a refusal that all nodes share once, with their names', async () => {
  await using cluster = await FakeCluster.start(3)
  const { exitCode, stderr } = await cluster.run('subscribers', 'a.*')
  assert.equal(exitCode, 1)
  assert.equal(stderr, 'nodes A, B, C refused: TOPIC_INVALID: "a.*" has a wildcard\n')
})

test('subscribers says when there are none', async () => {
  await using cluster = await FakeCluster.start(2)
  assert.equal((await cluster.run('subscribers', 'orders.eu')).stdout, 'nobody is subscribed to orders.eu\n')
})

test('cleanup lists what goes, needs --yes without a terminal, and clears every node', async () => {
  await using cluster = await FakeCluster.start(2)
  for (const node of cluster.nodes)
    node.files.set('journal/000001.ndjson', { text: 'x'.repeat(2048), modifiedMs: 1 })
  const unsure = await cluster.run('cleanup')
  assert.equal(unsure.exitCode, 2)
  assert.match(unsure.stderr, /node A: 1 file, 2KiB of journals, logs and subscriptions/)
  assert.match(unsure.stderr, /add --yes if you mean it/)
  assert.equal(cluster.node('A').files.size, 1)
  const sure = await cluster.run('cleanup', '--yes')
  assert.equal(sure.exitCode, 0)
  assert.match(sure.stdout, /^B +1 +2KiB$/m)
  assert.equal((await cluster.run('cleanup', '--yes')).exitCode, 0)
})

test('exit asks every node to stop, waits for their ends, and names the one that it could not ask', async () => {
  await using cluster = await FakeCluster.start(2)
  await cluster.node('B').stop()
  const { exitCode, stdout, stderr } = await cluster.run('exit', '--yes')
  assert.equal(exitCode, 3)
  assert.equal(stdout, 'A drains and exits\n')
  assert.match(stderr, /node B cannot be reached/)
  assert.ok(cluster.node('A').requests.includes('POST /v1/exit'))
  // Whoever says `up` next finds nobody who is about to end.
  assert.deepEqual([...cluster.ended], ['A'])
})

test('up says that the cluster runs already and starts nothing', async () => {
  await using cluster = await FakeCluster.start(2)
  const { exitCode, stdout, stderr } = await cluster.run('up', '--json')
  assert.equal(exitCode, 0)
  assert.deepEqual(JSON.parse(stdout).started, [])
  assert.match(stderr, /2 nodes, running already/)
})

test('up and down refuse --only, which they could not keep to', async () => {
  await using cluster = await FakeCluster.start(2)
  for (const command of ['up', 'down']) {
    const { exitCode, stderr } = await cluster.run(command, '--only', 'A')
    assert.equal(exitCode, 2)
    assert.match(stderr, /takes no --only/)
  }
})

test('status of a node that --only names twice shows it once', async () => {
  await using cluster = await FakeCluster.start(2)
  const { stdout } = await cluster.run('status', '--only', 'A,A', '--json')
  assert.equal(JSON.parse(stdout).nodes.length, 1)
})

test('up of another size while a cluster runs is refused', async () => {
  await using cluster = await FakeCluster.start(2)
  const { exitCode, stderr } = await cluster.run('up', '--nodes', '3')
  assert.equal(exitCode, 1)
  assert.match(stderr, /a local cluster of 2 nodes is running already\n +stop it with `herald down`/)
})

test('up refuses more nodes than gossip mode serves', async () => {
  await using cluster = await FakeCluster.start(1)
  assert.equal((await cluster.run('up', '--nodes', '17')).exitCode, 2)
})

test('commands say that no cluster runs and how to start one', async () => {
  await using cluster = await FakeCluster.start(1)
  // A pid whose process started at another time belongs to somebody else.
  const state = await readFile(join(cluster.home, 'cluster.json'), 'utf8')
  await writeFile(
    join(cluster.home, 'cluster.json'),
    state.replace(/"startedAt":"[^"]*"/, '"startedAt":"earlier"'),
  )
  const { exitCode, stderr } = await cluster.run('status')
  assert.equal(exitCode, 1)
  assert.equal(stderr, 'herald: no local cluster is running\n        start one with `herald up`\n')
  assert.deepEqual(await cluster.run('down'), { exitCode: 0, stdout: 'nothing was running\n', stderr: '' })
  assert.equal((await cluster.run('exit')).exitCode, 0)
})

test('no command guesses what a damaged state file says', async () => {
  await using cluster = await FakeCluster.start(1)
  const file = join(cluster.home, 'cluster.json')
  for (const [text, reason] of [
    ['{"version":1,"nodes":[', /cannot be used: it is damaged\n +delete it; then `herald doctor` names/],
    ['null', /cannot be used: it is damaged/],
    ['{"version":1,"nodes":[null]}', /cannot be used: it is damaged/],
    ['{"version":1,"nodes":[{"id":"A"}]}', /cannot be used: it is damaged/],
    ['{"version":2,"nodes":[]}', /another version wrote it\n +stop that cluster with the version/],
  ] as const) {
    await writeFile(file, text)
    for (const command of ['status', 'up', 'down', 'exit']) {
      const { exitCode, stderr } = await cluster.run(command)
      assert.equal(exitCode, 1, command)
      assert.match(stderr, reason)
    }
    assert.equal(await readFile(file, 'utf8'), text)
    assert.match((await cluster.run('doctor')).stdout, /^fail +local cluster: .*cannot be used/m)
  }
})

test('an error is a JSON document under --json', async () => {
  await using cluster = await FakeCluster.start(1)
  const { exitCode, stdout } = await cluster.run('stream', 'add', 'mine', '--topics', 'taken.>', '--json')
  assert.equal(exitCode, 1)
  assert.equal(JSON.parse(stdout).error.code, 'STREAM_OVERLAP')
})

test('every error document has a code', async () => {
  await using cluster = await FakeCluster.start(1)
  const missing = join(cluster.home, 'missing')
  const errors: readonly (readonly [readonly string[], number, string])[] = [
    [['send', 'Z', 't', 'm', '1'], 2, 'NODE_UNKNOWN'],
    [['subscriptions', 'add', '', 'a.>'], 2, 'NODE_UNKNOWN'],
    [['cleanup'], 2, 'USAGE_INVALID'],
    [['up', '--nodes', '17'], 2, 'USAGE_INVALID'],
    [['up', '--nodes', '2'], 1, 'COMMAND_FAILED'],
    [['check', missing], 1, 'JOURNALS_MISSING'],
    [['analyze', cluster.home], 1, 'JOURNALS_MISSING'],
    [['stream', 'show', 'nobody'], 1, 'STREAM_UNKNOWN'],
    [['subscribers', 'a.*'], 1, 'TOPIC_INVALID'],
    [['send', 'A', 'bad topic', 'm', '1'], 1, 'TOPIC_INVALID'],
  ]
  for (const [words, code, name] of errors) {
    const { exitCode, stdout } = await cluster.run('--json', ...words)
    assert.deepEqual([exitCode, JSON.parse(stdout).error.code], [code, name], words.join(' '))
  }
  await cluster.node('A').stop()
  for (const words of [['stream', 'remove', 'orders', '--yes'], ['status'], ['analyze'], ['check']]) {
    const { exitCode, stdout } = await cluster.run('--json', ...words)
    assert.deepEqual([exitCode, JSON.parse(stdout).error.code], [3, 'NODE_UNREACHABLE'], words.join(' '))
  }
})

test('check and analyze tell a folder without journals from one that is not there', async () => {
  await using cluster = await FakeCluster.start(1)
  for (const command of ['check', 'analyze']) {
    await mkdir(join(cluster.home, 'A', 'journal'), { recursive: true })
    const empty = await cluster.run(command, cluster.home)
    assert.equal(empty.exitCode, 1)
    assert.match(empty.stderr, /JOURNALS_MISSING: there are no journals in /)
    const missing = await cluster.run(command, join(cluster.home, 'missing'))
    assert.equal(missing.exitCode, 1)
    assert.match(missing.stderr, /JOURNALS_MISSING: there is no folder .*missing\n +fetch them/)
  }
})

test('doctor prints a finding a line, and what to do about what fails', async () => {
  await using cluster = await FakeCluster.start(2)
  cluster.node('A').linkState = 'down'
  const { exitCode, stdout } = await cluster.run('doctor')
  assert.equal(exitCode, 1)
  assert.match(stdout, /^ok +Node\.js: v/m)
  assert.match(stdout, /^fail +node A: its link to B is down: connection refused\n +check the network/m)
})

test('an interrupted command exits 130, and does not say of its nodes that they are out of reach', async () => {
  await using cluster = await FakeCluster.start(1)
  cluster.node('A').fault = 'hang'
  const interruption = new AbortController()
  const running = runWords(
    ['status', '--timeout', '60s'],
    { HERALD_HOME: cluster.home },
    { signal: interruption.signal },
  )
  while (cluster.node('A').requests.length === 0) await new Promise((resolve) => setImmediate(resolve))
  interruption.abort()
  const { exitCode, stdout, stderr } = await running
  assert.equal(exitCode, 130)
  assert.match(stdout + stderr, /interrupted/)
  assert.doesNotMatch(stdout + stderr, /no answer within/)
})
