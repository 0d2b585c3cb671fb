// One node of a cluster under test: a process of its own, with its admin interface, its log and its data directory.

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { JournalText } from '../../audit/journal-reader.ts'
import { AdminClient } from '../../scripts/admin/admin-client.ts'
import type { StatusAnswer } from '../../scripts/admin/answers.ts'
import { until } from './until.ts'

export const program: string = join(import.meta.dirname, '..', '..', 'node', 'main.ts')
const routes = join(import.meta.dirname, 'routes.ts')

/** Where a node runs. */
export interface Site {
  /** Its address, for the other nodes and for the test. */
  readonly host: string
  /** Words that its command begins with. */
  readonly launcher: readonly string[]
}

const besideTheTest: Site = { host: '127.0.0.1', launcher: [] }

export interface ClusterNodeOptions {
  readonly id: string
  /** Beside the test, on loopback, by default. */
  readonly site?: Site | undefined
  readonly port: number
  readonly adminPort: number
  readonly peersFile: string
  readonly dataPath: string
  /** Variables of the process beyond those of the test's own. */
  readonly environment: Readonly<Record<string, string>>
  /** From the port that the node dials to the one that it reaches. */
  readonly routes: Readonly<Record<number, number>>
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: string | null
}

export class ClusterNode {
  readonly options: ClusterNodeOptions
  readonly admin: AdminClient
  /** Lines of standard output and error of all its runs. */
  readonly log: string[] = []
  #child: ChildProcess | undefined
  #exit: Promise<Exit> | undefined

  constructor(options: ClusterNodeOptions) {
    this.options = options
    const signal = new AbortController().signal
    this.admin = new AdminClient(options.id, `http://${this.site.host}:${options.adminPort}`, {
      timeoutMs: 20_000,
      signal,
    })
  }

  get id(): string {
    return this.options.id
  }

  get site(): Site {
    return this.options.site ?? besideTheTest
  }

  get url(): string {
    return `ws://${this.site.host}:${this.options.port}`
  }

  get pid(): number {
    assert(this.#child?.pid !== undefined, `node ${this.id} was started`)
    return this.#child.pid
  }

  /** Resolves when the process is over. */
  get exit(): Promise<Exit> {
    assert(this.#exit !== undefined, `node ${this.id} was started`)
    return this.#exit
  }

  /** Starts the process; it may not be ready yet. Further arguments come last and so win. */
  spawn(...further: readonly string[]): void {
    const { id, port, adminPort, peersFile, dataPath } = this.options
    const { host } = this.site
    this.spawnBare(
      ...['--node-id', id, '--port', String(port), '--peers', peersFile, '--host', host],
      ...['--data', dataPath, '--admin', `${host}:${adminPort}`, '--log-format', 'json', ...further],
    )
  }

  /** Starts the process with exactly these arguments. */
  spawnBare(...given: readonly string[]): void {
    const [file = '', ...words] = [...this.site.launcher, process.execPath, '--import', routes, program]
    const child = spawn(file, [...words, ...given], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        ...this.options.environment,
        TEST_ROUTES: JSON.stringify(this.options.routes),
      },
    })
    for (const output of [child.stdout, child.stderr]) {
      createInterface({ input: output }).on('line', (line) => this.log.push(line))
    }
    this.#child = child
    this.#exit = once(child, 'close').then(([code, signal]) => {
      if (this.#child === child) this.#child = undefined
      return { code, signal }
    })
  }

  /** Resolves when the node answers and has reached the state; throws with its log if it ends instead. */
  async untilReady(): Promise<void> {
    const exit = this.exit
    const ended = exit.then((how) => {
      throw new Error(`node ${this.id} ended (${how.code ?? how.signal}):\n${this.log.join('\n')}`)
    })
    await Promise.race([until(`node ${this.id} is ready`, () => this.#isReady(), 20_000), ended])
  }

  async start(): Promise<void> {
    this.spawn()
    await this.untilReady()
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name)
  }

  /** Ends the process at once, as a power failure would, and resolves when it is gone. */
  async kill(): Promise<void> {
    const exit = this.exit
    this.signal('SIGCONT')
    this.signal('SIGKILL')
    await exit
  }

  /** Drains and ends the process. */
  async stop(): Promise<Exit> {
    const exit = this.exit
    this.signal('SIGTERM')
    return await exit
  }

  async status(): Promise<StatusAnswer> {
    return await this.admin.status()
  }

  async counter(name: string): Promise<number> {
    const value = (await this.status()).counters[name]
    assert(value !== undefined, `there is a counter ${name}`)
    return value
  }

  /** Resident memory in bytes. */
  async memory(): Promise<number> {
    const [, pages] = (await readFile(`/proc/${this.pid}/statm`, 'utf8')).split(' ')
    return Number(pages) * 4096
  }

  /** The journal as it is on the disk now. */
  async journal(): Promise<JournalText> {
    const folder = join(this.options.dataPath, 'journal')
    const names = (await readdir(folder)).filter((name) => name.endsWith('.ndjson')).sort()
    const files = names.map(async (name) => ({ name, text: await readFile(join(folder, name), 'utf8') }))
    return { node: this.id, files: await Promise.all(files) }
  }

  /** Status and body of a request on the client port. */
  async get(path: string): Promise<{ readonly status: number; readonly body: string }> {
    const response = await fetch(`http://${this.site.host}:${this.options.port}${path}`, {
      headers: { connection: 'close' },
    })
    return { status: response.status, body: await response.text() }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child !== undefined) await this.kill()
  }

  async #isReady(): Promise<boolean> {
    try {
      return (await this.get('/readyz')).status === 200
    } catch {
      return false
    }
  }
}
