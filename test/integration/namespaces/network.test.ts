// The namespaces that other tests rely on: what a cut is, that several tests can have theirs, and that nothing is left of them.

import assert from 'node:assert/strict'
import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import type { Site } from '../cluster-node.ts'
import { until } from '../until.ts'
import { Network, skip } from './network.ts'
import { Talker } from './talker.ts'

const source = join(import.meta.dirname, 'network.ts')

function siteOf(network: Network, id: string): Site {
  const site = network.sites.get(id)
  assert(site !== undefined)
  return site
}

/** What a process of its own does with the network. */
function spawnScript(
  context: TestContext,
  script: string,
  environment: NodeJS.ProcessEnv = {},
): ChildProcessByStdio<null, Readable, null> {
  const text = `import { Network, skip } from ${JSON.stringify(source)}\n${script}`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', text], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  })
  context.after(() => child.kill('SIGKILL'))
  return child
}

/** A process that has a network, once it has, with the address of its node. */
async function startOther(context: TestContext): Promise<{
  readonly child: ReturnType<typeof spawnScript>
  readonly host: string
}> {
  const child = spawnScript(
    context,
    `const network = await Network.start(['A']); console.log(network.sites.get('A').host); setInterval(() => {}, 1000)`,
  )
  const [host] = await once(createInterface({ input: child.stdout }), 'line')
  return { child, host }
}

function namespacesOf({ pid }: { readonly pid?: number | undefined }): readonly string[] {
  const { stdout } = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' })
  return stdout.split('\n').filter((line) => line.startsWith(`herald-${pid}-`))
}

test('a cut drops what goes in one direction, without a word, and nothing else', { skip }, async () => {
  await using network = await Network.start(['A', 'B', 'C'])
  await using a = new Talker(siteOf(network, 'A'))
  await using b = new Talker(siteOf(network, 'B'))
  await a.talkTo(b)
  await b.talkTo(a)
  await until('both hear each other', () => a.heard > 5 && b.heard > 5)
  await network.cut('A', 'BC')
  const untilMore = async (talker: Talker): Promise<void> => {
    const goal = talker.heard + 20
    await until('more is heard', () => talker.heard >= goal)
  }
  // What was under way has been printed by then.
  await untilMore(a)
  const heard = b.heard
  await untilMore(a)
  assert.equal(b.heard, heard)
  await network.heal('A', 'C')
  await untilMore(a)
  assert.equal(b.heard, heard)
  await network.heal()
  await untilMore(b)
  assert.deepEqual([...a.errors, ...b.errors], [])
})

test('two processes have networks at the same time, and one that is told to end takes its own along', {
  skip,
}, async (context) => {
  const { child, host } = await startOther(context)
  await using network = await Network.start(['A'])
  assert.notEqual(siteOf(network, 'A').host, host)
  assert.equal(namespacesOf(child).length, 2)
  child.kill('SIGTERM')
  await once(child, 'exit')
  assert.deepEqual(namespacesOf(child), [])
})

test('what a process leaves behind that is killed, the next network removes', { skip }, async (context) => {
  const { child } = await startOther(context)
  child.kill('SIGKILL')
  await once(child, 'exit')
  await using _ = await Network.start(['A'])
  assert.deepEqual(namespacesOf(child), [])
})

for (const [where, environment, expected] of [
  ['tests are skipped', { CI: '' }, /^there is no `ip` here .*iproute2.*\n$/],
  ['in CI they fail', { CI: 'true' }, /^false\nthere is no `ip` here .*iproute2.*\n$/],
] as const) {
  test(`without iproute2 ${where}, and say why`, async (context) => {
    const script = `console.log(skip); if (skip === false) await Network.start(['A']).catch(({ message }) => console.log(message))`
    const child = spawnScript(context, script, { ...environment, PATH: '/nowhere' })
    let printed = ''
    child.stdout.on('data', (piece: Buffer) => {
      printed += piece.toString('utf8')
    })
    await once(child, 'close')
    assert.match(printed, expected)
  })
}
