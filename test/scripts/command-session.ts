// A user's session with a real cluster, command by command as real processes. The same steps run against the local target and
// against Compose, because the commands promise not to know the difference.

import assert from 'node:assert/strict'
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { checkout } from '../../scripts/runtime/installation.mjs'
import type { Outcome } from './fake-cluster.ts'

/** Runs `herald WORDS` as a process. */
export type Herald = (words: readonly string[], input?: string) => Promise<Outcome>

/** A command that runs. Its output is collected from the start: Node throws away what nobody reads when a process ends. */
export interface RunningCommand {
  readonly child: ChildProcessWithoutNullStreams
  readonly outcome: Promise<Outcome>
}

/** A way to run commands with these global words and this environment. */
export function toHerald(globalWords: readonly string[], environment: NodeJS.ProcessEnv): Herald {
  return async (words, input = '') => {
    const { child, outcome } = spawnHerald([...globalWords, ...words], environment)
    child.stdin.end(input)
    return await outcome
  }
}

/** Every command against five nodes that run. */
export async function exerciseCommands(
  context: TestContext,
  herald: Herald,
  options: {
    readonly folder: string
    readonly globalWords: readonly string[]
    readonly environment: NodeJS.ProcessEnv
  },
): Promise<void> {
  const good = async (...words: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await herald(words)
    assert.equal(exitCode, 0, `herald ${words.join(' ')}\n${stdout}${stderr}`)
    return stdout
  }
  const nodes = ['A', 'B', 'C', 'D', 'E']
  await context.test('status shows five healthy nodes', async () => {
    const { healthy, nodes: statuses } = JSON.parse(
      await good('status', '--wait', 'healthy', '--timeout', '30s', '--json'),
    )
    assert.equal(healthy, true)
    assert.deepEqual(
      statuses.map((status: { node: string }) => status.node),
      nodes,
    )
    await good('status')
  })
  await context.test('subscriptions are added, listed and found by subscribers', async () => {
    for (const node of nodes) await good('subscriptions', 'add', node, 'session.>')
    assert.match(await good('subscriptions', 'list'), /^E +session\.>/m)
    const { subscribers } = JSON.parse(await good('subscribers', 'session.one', '--json'))
    assert.deepEqual(subscribers.map((one: { node: string }) => one.node).toSorted(), nodes)
  })
  await context.test('send and flood deliver everything to everybody', async () => {
    await good('send', 'A', 'session.one', 'hello', '1000')
    await good('flood', 'B', 'C', 'D', 'session.two', 'hello', '500', '--ack', 'copies')
    const result = JSON.parse(await good('check', '--json'))
    assert.deepEqual([result.ok, result.totals.pending, result.totals.unknown], [true, 0, 0])
    assert.ok(result.totals.delivered >= 5 * 2500, `delivered ${result.totals.delivered}`)
  })
  await context.test('a subscriber gets what a publisher publishes line by line', async () => {
    const words = [...options.globalWords, 'subscribe', 'lines.>', '--count', '3', '--json']
    const subscriber = spawnHerald(words, options.environment)
    await waitForText(subscriber.child, 'subscribed to')
    assert.match((await herald(['publish', 'lines.a', '-'], 'one\ntwo\nthree\n')).stdout, /^3 acknowledged$/m)
    const { exitCode, stdout } = await subscriber.outcome
    assert.equal(exitCode, 0)
    assert.deepEqual(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).text),
      ['one', 'two', 'three'],
    )
    assert.match(await good('publish', 'lines.a', 'four'), /^acknowledged as [A-E]#/)
  })
  await context.test('a durable name goes on behind the last message that --count printed', async () => {
    await herald(['publish', 'durable.a', '-'], '1\n2\n3\n4\n5\n6\n')
    const words = ['subscribe', 'durable.>', '--name', 'session', '--from', 'earliest', '--count', '2']
    const takeTwo = async (): Promise<string> => await good('--only', 'A', ...words)
    assert.equal(await takeTwo(), 'durable.a\t1\ndurable.a\t2\n')
    assert.equal(await takeTwo(), 'durable.a\t3\ndurable.a\t4\n')
    assert.equal(await takeTwo(), 'durable.a\t5\ndurable.a\t6\n')
  })
  await context.test(
    'publish under a producer name stores each sequence once, over whatever node',
    async () => {
      await good('stream', 'add', 'billed', '--topics', 'billed.>', '--mode', 'leader')
      const publish = async (node: string, ...words: string[]): Promise<string> =>
        await good(
          '--only',
          node,
          'publish',
          'billed.a',
          'once',
          '--producer',
          'shop',
          '--sequence',
          ...words,
        )
      const first = await publish('A', '5')
      assert.match(first, /^acknowledged as A#\S+ 1 on stream billed, epoch 1, offset 1$/m)
      assert.equal(await publish('B', '5'), first.replace('acknowledged', 'stored before'))
      const json = JSON.parse(await publish('C', '6', '--json'))
      assert.deepEqual(
        [json.status, json.producerSequence, json.offset, json.duplicate],
        ['acknowledged', 6, 2, undefined],
      )
      const lines = ['publish', 'billed.a', '-', '--producer', 'shop', '--sequence', '6']
      assert.match((await herald(lines, 'once\ntwice\n')).stdout, /^2 acknowledged$/m)
      assert.match(await good('publish', 'billed.a', 'last', '--producer', 'shop'), /, offset 4$/m)
      const { exitCode, stderr } = await herald(['publish', 'billed.a', 'x', '--sequence', '7'])
      assert.deepEqual([exitCode, /--sequence needs --producer NAME/.test(stderr)], [2, true])
    },
  )
  await context.test('a stream that asks for five replicas is decided on by all five nodes', async () => {
    assert.match(await good('stream', 'change', 'billed', '--replicas', '5'), /: replicas 3 -> 5$/m)
    for (let voters = 0; voters < nodes.length; ) {
      const { nodes: answers } = JSON.parse(await good('status', '--json'))
      const { streams } = answers.find(({ node }: { node: string }) => node === 'E')
      voters = streams.find(({ name }: { name: string }) => name === 'billed').order.voters.length
    }
    assert.match(await good('publish', 'billed.a', 'decided by five'), /^acknowledged .* offset 5$/m)
  })
  await context.test('publish exits 1 with the reason for an invalid topic', async () => {
    const { exitCode, stdout, stderr } = await herald(['publish', 'a..b', 'x'])
    assert.equal(exitCode, 1)
    assert.match(stdout + stderr, /TOPIC_INVALID/)
    const json = await herald(['publish', 'a..b', 'x', '--json'])
    assert.equal(JSON.parse(json.stdout).error.code, 'TOPIC_INVALID')
  })
  await context.test('streams are added, changed, shown on every node and removed', async () => {
    await good('stream', 'add', 'orders', '--topics', 'orders.>', '--retention', '1MiB,1m')
    assert.match(await good('stream', 'list'), /^orders +orders\.> +gossip +1MiB,1m/m)
    assert.match(
      await good('stream', 'add', 'orders', '--topics', 'orders.>'),
      /^stream orders is unchanged$/m,
    )
    assert.equal((await herald(['stream', 'add', 'orders', '--topics', 'bills.>'])).exitCode, 1)
    assert.match(await good('stream', 'change', 'orders', '--copies', '2'), /: copies 1 -> 2$/m)
    assert.match(await good('stream', 'change', 'default', '--retention', '2m'), /10m -> 64MiB,2m$/m)
    const within = await herald(['stream', 'add', 'q', '--topics', 'q.>,q.x'])
    assert.match(within.stderr, /STREAM_OVERLAP: .*q\.x overlaps q\.>/)
    assert.match((await herald(['stream', 'add', '', '--topics', 'q.>'])).stderr, /STREAM_INVALID/)
    const overlap = await herald(['stream', 'add', 'europe', '--topics', 'orders.eu'])
    assert.equal(overlap.exitCode, 1)
    assert.match(overlap.stderr, /STREAM_OVERLAP/)
    await good('stream', 'remove', 'orders', '--yes')
    assert.doesNotMatch(await good('stream', 'list'), /^orders /m)
  })
  await context.test('fetch, check and analyze work on a folder', async () => {
    const journals = join(options.folder, 'journals')
    const reports = join(options.folder, 'reports')
    await good('fetch', journals)
    await good('fetch', journals)
    assert.equal(JSON.parse(await good('check', journals, '--json')).ok, true)
    assert.match(await good('check', journals), /^OK/m)
    await good('analyze', journals, '--output', reports)
    assert.match(await readFile(join(reports, 'report.html'), 'utf8'), /^<!doctype html>/)
    assert.ok(JSON.parse(await readFile(join(reports, 'report.json'), 'utf8')).analysis.latency.samples > 0)
  })
  await context.test('doctor finds nothing that fails', async () => {
    await good('doctor')
  })
  await context.test('cleanup clears journals and subscriptions of all nodes', async () => {
    assert.equal((await herald(['cleanup'])).exitCode, 2)
    await good('cleanup', '--yes')
    assert.equal(await good('subscriptions', 'list'), 'no subscriptions\n')
  })
}

/** Resolves when the process has written the text to standard error. */
async function waitForText(child: ChildProcessWithoutNullStreams, wanted: string): Promise<void> {
  let seen = ''
  await new Promise<void>((resolve, reject) => {
    child.once('exit', () => reject(new Error(`ended before it wrote "${wanted}": ${seen}`)))
    child.stderr.on('data', (piece: Buffer) => {
      seen += piece.toString('utf8')
      if (seen.includes(wanted)) resolve()
    })
  })
}

/** Starts `herald WORDS` and returns at once. */
export function spawnHerald(words: readonly string[], environment: NodeJS.ProcessEnv): RunningCommand {
  const child = spawn(process.execPath, [join(checkout, 'scripts', 'cluster.ts'), ...words], {
    env: { ...process.env, ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const parts = [text(child.stdout), text(child.stderr), once(child, 'close')] as const
  return {
    child,
    outcome: Promise.all(parts).then(([stdout, stderr, [exitCode]]) => ({ exitCode, stdout, stderr })),
  }
}
