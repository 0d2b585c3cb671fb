// The command line and `npm start` against a real cluster of processes on this machine.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { checkout } from '../../scripts/runtime/installation.mjs'
import { exerciseCommands, type Herald, toHerald } from '../scripts/command-session.ts'
import { until } from './until.ts'

interface Surroundings extends AsyncDisposable {
  readonly home: string
  readonly environment: NodeJS.ProcessEnv
  readonly herald: Herald
}

test('a whole session with a local cluster', async (context) => {
  await using here = await prepare()
  const { herald, environment, home } = here
  const up = await herald(['up'])
  assert.equal(up.exitCode, 0, up.stderr)
  const again = await herald(['up', '--json'])
  assert.deepEqual(JSON.parse(again.stdout).running, ['A', 'B', 'C', 'D', 'E'])
  await exerciseCommands(context, herald, { folder: home, globalWords: [], environment })
  await context.test(
    'a node that was killed is named, the others answer, and up starts it again',
    async () => {
      process.kill(await readPid(home, 'C'), 'SIGKILL')
      const { exitCode, stdout } = await herald(['status'])
      assert.equal(exitCode, 3)
      assert.match(stdout, /node C cannot be reached/)
      assert.match(stdout, /^E +ready/m)
      assert.equal((await herald(['check'])).exitCode, 3)
      assert.deepEqual(JSON.parse((await herald(['up', '--json'])).stdout).started, ['C'])
      assert.equal((await herald(['status', '--wait', 'healthy', '--timeout', '30s'])).exitCode, 0)
    },
  )
  await context.test('exit stops all nodes; a second exit and down find nothing to do', async () => {
    assert.equal((await herald(['exit', '--yes'])).exitCode, 0)
    assert.equal((await herald(['down'])).exitCode, 0)
    assert.equal((await herald(['exit', '--yes'])).stdout, 'nothing was running\n')
    assert.equal((await herald(['status'])).exitCode, 1)
  })
})

test('up takes any number of nodes, then as many or more, and down stops them', async () => {
  await using here = await prepare()
  const { herald } = here
  assert.equal((await herald(['up', '--nodes', '2'])).exitCode, 0)
  assert.equal((await herald(['down'])).stdout, 'stopped A, B\n')
  const fewer = await herald(['up', '--nodes', '1'])
  assert.equal(fewer.exitCode, 1)
  assert.match(fewer.stderr, /the cluster here has 2 nodes[\s\S]*herald node remove/)
  const more = await herald(['up', '--nodes', '3'])
  assert.equal(more.exitCode, 0, more.stderr)
})

test('nodes are added, replaced and removed by one command each, and down and up keep those that are there', async () => {
  await using here = await prepare()
  const { herald } = here
  const nodesOf = (stdout: string): string =>
    JSON.parse(stdout)
      .members.map(({ node }: { readonly node: string }) => node)
      .join('')
  assert.equal((await herald(['up', '--nodes', '3'])).exitCode, 0)
  const added = await herald(['node', 'add', 'D', '--json'])
  assert.equal(added.exitCode, 0, added.stderr)
  assert.equal(nodesOf(added.stdout), 'ABCD')
  const again = await herald(['node', 'add', 'D'])
  assert.equal(again.exitCode, 1)
  assert.match(again.stderr, /there is a node D already/)
  const replaced = await herald(['node', 'replace', 'A', 'E', '--yes', '--json'])
  assert.equal(replaced.exitCode, 0, replaced.stderr)
  assert.equal(nodesOf(replaced.stdout), 'BCDE')
  const removed = await herald(['node', 'remove', 'E', '--yes'])
  assert.equal(removed.exitCode, 0, removed.stderr)
  assert.match(removed.stdout, /^B +127\.0\.0\.1:\d+ .*META/m)
  assert.doesNotMatch(removed.stdout, /^[AE] /m)
  assert.equal((await herald(['node', 'remove', 'E', '--yes'])).exitCode, 1)
  assert.equal((await herald(['down'])).stdout, 'stopped B, C, D\n')
  assert.deepEqual(JSON.parse((await herald(['up', '--json'])).stdout).started, ['B', 'C', 'D'])
  assert.equal((await herald(['status', '--wait', 'healthy', '--timeout', '30s'])).exitCode, 0)
})

test('a node that is left without a majority is named by status, in the words of the README', async () => {
  await using here = await prepare()
  const { herald, home } = here
  assert.equal((await herald(['up', '--nodes', '3'])).exitCode, 0)
  const add = ['stream', 'add', 'orders', '--topics', 'orders.>', '--mode', 'leader']
  assert.equal((await herald(add)).exitCode, 0)
  assert.equal((await herald(['publish', 'orders.a', 'in time'])).exitCode, 0)
  const whole = await herald(['status'])
  assert.equal(whole.exitCode, 0, whole.stdout)
  assert.match(whole.stdout, /^orders +orders\.> +leader +1 +\d+ +[ABC] +1 +\d+ +0 /m)
  for (const id of ['A', 'B']) process.kill(await readPid(home, id), 'SIGKILL')
  await until('C refuses, and status says so', async () => {
    const { exitCode, stdout } = await herald(['status'])
    const isSaid = stdout.includes(
      '\nstream orders has no leader at C: it refuses publications with NO_LEADER\n',
    )
    // Before, that two nodes cannot be reached is all there is to say.
    assert.equal(exitCode, isSaid ? 4 : 3, stdout)
    return isSaid
  })
  const refused = await herald(['publish', 'orders.a', 'too late', '--only', 'C'])
  assert.equal(refused.exitCode, 1)
  assert.match(refused.stdout + refused.stderr, /NO_LEADER/)
  assert.equal((await herald(['up'])).exitCode, 0)
  assert.equal((await herald(['status', '--wait', 'healthy', '--timeout', '30s'])).exitCode, 0)
  assert.equal((await herald(['publish', 'orders.a', 'again', '--only', 'C'])).exitCode, 0)
})

test('node add says within seconds which group has no majority, and the node gets it once that is back', async () => {
  await using here = await prepare()
  const { herald, home } = here
  const up = await herald(['up', '--nodes', '5'])
  assert.equal(up.exitCode, 0, up.stderr)
  const stream = ['stream', 'add', 'orders', '--topics', 'orders.>', '--mode', 'leader']
  const created = await herald(stream)
  assert.equal(created.exitCode, 0, created.stderr)
  const { streams } = JSON.parse((await herald(['status', '--json'])).stdout).nodes[0]
  const { order } = streams.find(({ name }: { name: string }) => name === 'orders')
  const voters: readonly string[] = order.voters.toSorted()
  const dead = voters.slice(0, 2)
  for (const id of dead) process.kill(await readPid(home, id), 'SIGKILL')
  // META has three of its five, and admits the node.
  const added = await herald(['node', 'add', 'F', '--json'])
  assert.equal(added.exitCode, 4, added.stderr)
  const { error } = JSON.parse(added.stdout)
  assert.deepEqual(error, {
    code: 'NO_LEADER',
    message:
      'node F is a member of the cluster, and not everybody has caught up: ' +
      `group ${order.group} (stream orders) has no leader: of its voters ${voters.join(', ')} these do not answer: ${dead.join(', ')}`,
    next: 'start those that are down (`herald up`): with a majority of its voters back, a group takes F in by itself; `herald status --wait healthy` waits for that',
  })
  assert.equal((await herald(['up'])).exitCode, 0)
  const healthy = await herald(['status', '--wait', 'healthy', '--timeout', '60s'])
  assert.equal(healthy.exitCode, 0, healthy.stdout)
  assert.match((await herald(['node', 'list'])).stdout, /^F /m)
})

test('npm start -- --once proves the delivery, stops the cluster and exits 0', async () => {
  await using here = await prepare()
  const { status, stdout } = await start(here, '--once')
  assert.equal(status, 0, stdout)
  assert.match(
    stdout,
    /✔ every message reached every subscriber exactly once and in order \(1,000 sent, 5,000 delivered\)/,
  )
  // With a stream in leader mode, too.
  assert.match(
    stdout,
    /✔ the same while the leader, [A-E], was killed and the stream changed its mode twice, in \d+ ms and \d+ ms \(3,200 of 3,200 acknowledged, 16,000 delivered\)/,
  )
  assert.equal((await here.herald(['status'])).exitCode, 1)
})

test('npm start says when a cluster runs already', async () => {
  await using here = await prepare()
  await here.herald(['up', '--nodes', '2'])
  const { status, stdout } = await start(here)
  assert.equal(status, 1)
  assert.match(stdout, /npx herald status/)
})

test('npm start stays up until it is interrupted and then stops the nodes', async () => {
  await using here = await prepare()
  const child = spawnStart(here)
  let output = ''
  await new Promise<void>((resolve, reject) => {
    child.once('close', () => reject(new Error(`it ended instead of staying up: ${output}`)))
    child.stdout.on('data', (piece: Buffer) => {
      output += piece.toString('utf8')
      if (output.includes('Ctrl-C')) resolve()
    })
  })
  assert.equal((await here.herald(['status'])).exitCode, 0)
  child.kill('SIGINT')
  await once(child, 'close')
  assert.equal((await here.herald(['status'])).exitCode, 1)
})

/** A folder of its own for the cluster; whatever still runs in it is stopped at the end. */
async function prepare(): Promise<Surroundings> {
  const home = await mkdtemp(join(tmpdir(), 'herald-session-'))
  const environment = { HERALD_HOME: home }
  const herald = toHerald([], environment)
  return {
    home,
    environment,
    herald,
    async [Symbol.asyncDispose]() {
      await herald(['down'])
      await rm(home, { recursive: true, force: true })
    },
  }
}

function spawnStart(
  { environment }: Surroundings,
  ...words: readonly string[]
): ReturnType<typeof spawnPiped> {
  return spawnPiped([join(checkout, 'scripts', 'start.ts'), ...words], { ...process.env, ...environment })
}

function spawnPiped(words: readonly string[], environment: NodeJS.ProcessEnv) {
  return spawn(process.execPath, words, { env: environment, stdio: ['ignore', 'pipe', 'inherit'] })
}

async function start(
  here: Surroundings,
  ...words: readonly string[]
): Promise<{ readonly status: number; readonly stdout: string }> {
  const child = spawnStart(here, ...words)
  const [stdout, [status]] = await Promise.all([text(child.stdout), once(child, 'close')])
  return { status, stdout }
}

async function readPid(home: string, id: string): Promise<number> {
  const { nodes } = JSON.parse(await readFile(join(home, 'cluster.json'), 'utf8'))
  return nodes.find((node: { id: string }) => node.id === id).process.pid
}
