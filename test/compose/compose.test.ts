// The Compose cluster for real: image, hardening, and every command. Needs Docker with its Compose plugin; says so where there is
// none. Everything runs under a project name of its own and is taken down at the end.

import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { isPortFree } from '../../scripts/fleet/local-ports.ts'
import { checkout } from '../../scripts/runtime/installation.mjs'
import { exerciseCommands, toHerald } from '../scripts/command-session.ts'

const run = promisify(execFile)

test('compose.yaml has a service, ports and an advertised address for every node of docker/peers.json', async () => {
  const compose = await readFile(join(checkout, 'compose.yaml'), 'utf8')
  const peers: Record<string, object> = JSON.parse(
    await readFile(join(checkout, 'docker', 'peers.json'), 'utf8'),
  )
  const blocks = [...compose.matchAll(/^ {2}(node-[a-z]):\n((?: {4}.*\n)+)/gm)]
  assert.equal(blocks.length, Object.keys(peers).length)
  for (const [index, [id, peer]] of Object.entries(peers).entries()) {
    const [, service, body = ''] = blocks[index] ?? []
    assert.deepEqual(peer, { host: service, port: 8000, advertise: `127.0.0.1:1800${index}` })
    assert.equal(service, `node-${id.toLowerCase()}`)
    const prefix = '${' + 'HERALD_COMPOSE_PORT_PREFIX:-180}'
    assert.ok(body.includes(`command: [--node-id, ${id}]`))
    assert.ok(body.includes(`"127.0.0.1:${prefix}0${index}:8000"`))
    assert.ok(body.includes(`"127.0.0.1:${prefix}1${index}:9000"`))
    assert.ok(body.includes(`volumes: ["data-${id.toLowerCase()}:/data"]`))
  }
})

test('a whole session with a Compose cluster', { skip: findObstacle() }, async (context) => {
  const environment = {
    COMPOSE_PROJECT_NAME: `herald-test-${process.pid}`,
    HERALD_COMPOSE_PORT_PREFIX: await findPortPrefix(),
  }
  const folder = await mkdtemp(join(tmpdir(), 'herald-compose-'))
  const herald = toHerald(['--target', 'compose'], environment)
  const compose = async (...words: readonly string[]): Promise<string> => {
    const options = { cwd: checkout, env: { ...process.env, ...environment }, maxBuffer: 64 * 1024 * 1024 }
    return (await run('docker', ['compose', ...words], options)).stdout
  }
  const inContainer = (...words: readonly string[]): Promise<string> =>
    compose('exec', '-T', 'node-a', ...words)
  try {
    await compose('up', '--build', '--wait')
    await context.test(
      'the containers run without root, without capabilities, on a file system that cannot be written',
      async () => {
        assert.equal((await inContainer('id', '-u')).trim(), '10001')
        const status = await inContainer('cat', '/proc/1/status')
        assert.match(status, /^CapBnd:\s+0+$/m)
        assert.match(status, /^NoNewPrivs:\s+1$/m)
        await assert.rejects(inContainer('touch', '/app/file'), /Read-only file system/)
        await inContainer('touch', '/data/file', '/tmp/file')
      },
    )
    await context.test('the image holds sources and production dependencies only', async () => {
      const top = (await inContainer('ls', '-A', '/app')).trim().split('\n')
      assert.deepEqual(top.toSorted(), ['cache', 'docker', 'node', 'node_modules', 'package.json'])
      // Node keeps a part of its compile cache per user.
      assert.match(await inContainer('ls', '/app/cache'), /-10001$/m)
      const modules = await inContainer('ls', '/app/node_modules')
      assert.match(modules, /^ws$/m)
      assert.doesNotMatch(modules, /typescript|biome|knip|aws|types|fast-check/)
    })
    await context.test('up finds the cluster running', async () => {
      const { exitCode, stdout, stderr } = await herald(['up', '--json'])
      assert.equal(exitCode, 0, stderr)
      assert.deepEqual(JSON.parse(stdout).running, ['A', 'B', 'C', 'D', 'E'])
    })
    await exerciseCommands(context, herald, { folder, globalWords: ['--target', 'compose'], environment })
    await context.test('a stopped node is named, the others answer', async () => {
      await compose('stop', 'node-c')
      const { exitCode, stdout } = await herald(['status'])
      assert.equal(exitCode, 3)
      assert.match(stdout, /node C cannot be reached/)
    })
    await context.test(
      'exit waits until nodes have stopped, they stay so, and up starts them again',
      async () => {
        assert.equal((await herald(['exit', '--yes'])).exitCode, 3)
        assert.equal((await herald(['exit', '--yes'])).stdout, 'nothing was running\n')
        assert.deepEqual(JSON.parse((await herald(['up', '--json'])).stdout).running, [])
      },
    )
    await context.test('down stops what runs, within the time that a node has to drain', async () => {
      assert.equal((await herald(['down'])).stdout, 'stopped A, B, C, D, E\n')
      assert.equal((await herald(['down'])).stdout, 'nothing was running\n')
    })
  } finally {
    await compose('down', '--volumes', '--timeout', '5')
    await rm(folder, { recursive: true, force: true })
  }
})

/** Why the cluster cannot run here; false if it can. */
function findObstacle(): string | false {
  const engine = spawnSync('docker', ['info'], { encoding: 'utf8' })
  if (engine.status !== 0) return 'no Docker engine answers (start one to run this test)'
  const plugin = spawnSync('docker', ['compose', 'version'], { encoding: 'utf8' })
  return plugin.status === 0 ? false : 'Docker has no Compose plugin (install it to run this test)'
}

/** Three digits whose ports are all free, so that a cluster that somebody uses stays alone. */
async function findPortPrefix(): Promise<string> {
  for (let prefix = 190; prefix < 320; prefix++) {
    const ports = [0, 1, 2, 3, 4, 10, 11, 12, 13, 14].map((offset) => prefix * 100 + offset)
    const free = await Promise.all(ports.map(isPortFree))
    if (free.every(Boolean)) return String(prefix)
  }
  throw new Error('no hundred of ports between 19000 and 32000 is free')
}
