// A cluster of real node processes on free loopback ports, for the tests of the client that need the real thing.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { reservePorts } from '../../scripts/fleet/local-ports.ts'

const entry = fileURLToPath(new URL('../../node/main.ts', import.meta.url))

export class RealCluster implements AsyncDisposable {
  readonly #directory: string
  readonly #ports: ReadonlyMap<string, number>
  readonly #processes = new Map<string, ChildProcess>()

  private constructor(directory: string, ports: ReadonlyMap<string, number>) {
    this.#directory = directory
    this.#ports = ports
  }

  /** Starts the nodes and waits until all are ready. */
  static async start(ids: readonly string[]): Promise<RealCluster> {
    const directory = await mkdtemp(join(tmpdir(), 'herald-client-'))
    const ports = new Map<string, number>()
    const numbers = await reservePorts(ids.map(() => 0))
    for (const [index, id] of ids.entries()) ports.set(id, numbers[index] as number)
    const peers = Object.fromEntries([...ports].map(([id, port]) => [id, ['127.0.0.1', port]]))
    await writeFile(join(directory, 'peers.json'), JSON.stringify(peers))
    const cluster = new RealCluster(directory, ports)
    await Promise.all(ids.map((id) => cluster.#spawn(id)))
    return cluster
  }

  url(id: string): string {
    return `ws://127.0.0.1:${this.#ports.get(id)}/`
  }

  /** Ends a node and waits until it is gone. */
  async stop(id: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#processes.get(id)
    if (child === undefined) return
    this.#processes.delete(id)
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#processes.keys()].map((id) => this.stop(id, 'SIGKILL')))
    await rm(this.#directory, { recursive: true })
  }

  async #spawn(id: string): Promise<void> {
    const port = String(this.#ports.get(id))
    const words = ['--node-id', id, '--host', '127.0.0.1', '--port', port, '--admin', '127.0.0.1:0']
    const files = ['--peers', join(this.#directory, 'peers.json'), '--data', join(this.#directory, id)]
    const child = spawn(process.execPath, [entry, ...words, ...files, '--log-format', 'json'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#processes.set(id, child)
    let errors = ''
    child.stderr.on('data', (data) => {
      errors += data
    })
    for await (const line of createInterface(child.stdout)) {
      if (!line.includes('"event":"ready"')) continue
      child.stdout.resume()
      return
    }
    throw new Error(`node ${id} ended before it was ready: ${errors}`)
  }
}
