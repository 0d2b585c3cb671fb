// Nodes under test in network namespaces of their own, joined by one that routes between them. What a node sends to another can be dropped
// there: in one direction alone, without a word to anybody, also of connections that are open, as a broken network does. The test itself
// reaches every node always. All of it is made by iproute2 (`ip`), as root.

import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import type { Site } from '../cluster-node.ts'
import { claimSubnet, type Subnet } from './subnet.ts'

const run = promisify(execFile)

/** Before the process that made it, and a number: so that what a killed test leaves behind can be told from what is in use. */
const prefix = 'herald'

/** Namespaces that stand, to be removed however this process ends. */
const standing = new Set<string>()
let networks = 0

export class Network implements AsyncDisposable {
  /** By the id of the node. */
  readonly sites: ReadonlyMap<string, Site>
  readonly #router: string
  readonly #namespaces: ReadonlyMap<string, string>
  readonly #subnet: Subnet
  /** Cut directions, from and to: `AB`. */
  readonly #cuts = new Set<string>()

  private constructor(router: string, namespaces: ReadonlyMap<string, string>, subnet: Subnet) {
    this.#router = router
    this.#namespaces = namespaces
    this.#subnet = subnet
    this.sites = new Map(
      [...namespaces].map(([id, namespace], index) => [
        id,
        { host: subnet.host(index), launcher: ['ip', 'netns', 'exec', namespace] },
      ]),
    )
  }

  /** A namespace for each node; throws where there can be none. */
  static async start(ids: readonly string[]): Promise<Network> {
    const obstacle = findObstacle()
    if (obstacle !== false) throw new Error(obstacle)
    removeAbandoned()
    if (networks === 0) removeAtTheEnd()
    const name = `${prefix}-${process.pid}-${++networks}`
    const namespaces = new Map(ids.map((id) => [id, `${name}-${id}`]))
    const router = `${name}-router`
    try {
      for (const namespace of [router, ...namespaces.values()]) await addNamespace(namespace)
      const network = new Network(router, namespaces, await claimSubnet(router))
      for (const id of ids) await network.#join(id)
      return network
    } catch (error) {
      for (const namespace of [router, ...namespaces.values()]) remove(namespace)
      throw error
    }
  }

  /** Drops what nodes of the first group, a text of ids, send to those of the second. */
  async cut(from: string, to: string): Promise<void> {
    for (const way of waysBetween(from, to)) {
      if (this.#cuts.has(way)) continue
      await this.#rule('add', way)
      this.#cuts.add(way)
    }
  }

  /** Lets everything pass again that nodes of the first group send to those of the second; without groups, everything. */
  async heal(from: string = this.#ids, to: string = this.#ids): Promise<void> {
    for (const way of waysBetween(from, to)) {
      if (!this.#cuts.has(way)) continue
      await this.#rule('delete', way)
      this.#cuts.delete(way)
    }
  }

  /** Ends what still runs in the namespaces, and removes them. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#subnet.release()
    for (const namespace of [this.#router, ...this.#namespaces.values()]) remove(namespace)
  }

  get #ids(): string {
    return [...this.#namespaces.keys()].join('')
  }

  /** A cable from the namespace of a node to the one that routes. */
  async #join(id: string): Promise<void> {
    const namespace = this.#namespaces.get(id) ?? ''
    const host = this.#hostOf(id)
    const { gateway } = this.#subnet
    await ip(
      '-n',
      this.#router,
      'link',
      'add',
      id,
      'type',
      'veth',
      'peer',
      'name',
      'uplink',
      'netns',
      namespace,
    )
    await ip('-n', this.#router, 'address', 'add', gateway, 'peer', host, 'dev', id)
    await ip('-n', this.#router, 'link', 'set', id, 'up')
    await ip('-n', namespace, 'address', 'add', host, 'peer', gateway, 'dev', 'uplink')
    await ip('-n', namespace, 'link', 'set', 'uplink', 'up')
    await ip('-n', namespace, 'route', 'add', 'default', 'via', gateway)
  }

  async #rule(verb: 'add' | 'delete', [from = '', to = '']: string): Promise<void> {
    const way = ['from', this.#hostOf(from), 'to', this.#hostOf(to)]
    await ip('-n', this.#router, 'rule', verb, ...way, 'blackhole')
  }

  #hostOf(id: string): string {
    const site = this.sites.get(id)
    if (site === undefined) throw new Error(`there is no namespace for ${id}`)
    return site.host
  }
}

/** Why there can be no namespaces here; false where there can. */
function findObstacle(): string | false {
  if (spawnSync('ip', ['-V']).status !== 0)
    return 'there is no `ip` here (install the Debian package iproute2 to run this test)'
  if (process.getuid?.() !== 0) return 'only root can make network namespaces (run this test as root)'
  const probe = `${prefix}-${process.pid}-probe`
  const steps = [
    ['netns', 'add', probe],
    ['-n', probe, 'link', 'add', 'one', 'type', 'veth', 'peer', 'name', 'other'],
    ['netns', 'exec', probe, 'true'],
  ]
  const results = steps.map((words) => spawnSync('ip', words, { encoding: 'utf8' }))
  remove(probe)
  const failed = results.find(({ status }) => status !== 0)
  return failed !== undefined && `network namespaces cannot be made here: ${failed.stderr.trim()}`
}

/** Why tests with namespaces are to be skipped: where there can be none. In CI they fail for the same reason instead. */
export const skip: string | false = process.env['CI'] === 'true' ? false : findObstacle()

async function addNamespace(namespace: string): Promise<void> {
  standing.add(namespace)
  await ip('netns', 'add', namespace)
  await ip('-n', namespace, 'link', 'set', 'lo', 'up')
}

/** Ends what runs in a namespace, and removes it, with the ends of its cables. */
function remove(namespace: string): void {
  const { stdout } = spawnSync('ip', ['netns', 'pids', namespace], { encoding: 'utf8' })
  for (const pid of stdout.split('\n').filter((line) => line !== '')) {
    try {
      process.kill(Number(pid), 'SIGKILL')
    } catch {
      // It has ended by itself.
    }
  }
  spawnSync('ip', ['netns', 'delete', namespace])
  standing.delete(namespace)
}

/** Whoever tells this process to end leaves nothing behind. */
function removeAtTheEnd(): void {
  process.on('exit', () => {
    for (const namespace of standing) remove(namespace)
  })
  for (const [signal, code] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)
    process.once(signal, () => process.exit(code))
}

/** Removes what tests have left behind that were killed. */
function removeAbandoned(): void {
  const { stdout } = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' })
  for (const [, namespace = '', pid] of stdout.matchAll(/^(herald-(\d+)-\S+)/gm))
    if (!isRunning(Number(pid))) remove(namespace)
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

function waysBetween(from: string, to: string): readonly string[] {
  return [...from].flatMap((one) => [...to].filter((other) => other !== one).map((other) => one + other))
}

async function ip(...words: readonly string[]): Promise<void> {
  await run('ip', words)
}
