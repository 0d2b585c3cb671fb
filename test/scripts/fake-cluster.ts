// A local cluster of fake nodes: a state folder that names them, as if `herald up` had written it, and a way to run command
// lines against it inside the test's own process.

import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { runCommandLine } from '../../scripts/cli/program.ts'
import { readStart } from '../../scripts/fleet/process-table.ts'
import { FakeNode } from './fake-node.ts'

/** How a command line ended. */
export interface Outcome {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** How long a node drains that was asked to exit, milliseconds. */
const drainMs = 50

export class FakeCluster implements AsyncDisposable {
  readonly nodes: readonly FakeNode[]
  readonly home: string
  /** Nodes that were asked to exit, and have. */
  readonly ended: Set<string> = new Set()

  private constructor(nodes: readonly FakeNode[], home: string) {
    this.nodes = nodes
    this.home = home
  }

  /** Nodes A, B, …; the test's own process stands for theirs, so that they count as running. */
  static async start(count: number): Promise<FakeCluster> {
    const ids = ['A', 'B', 'C', 'D', 'E', 'F'].slice(0, count)
    const nodes = await Promise.all(
      ids.map((id) =>
        FakeNode.start(
          id,
          ids.filter((peer) => peer !== id),
        ),
      ),
    )
    const home = await mkdtemp(join(tmpdir(), 'herald-test-'))
    const cluster = new FakeCluster(nodes, home)
    for (const node of nodes) node.onExit = () => cluster.#end(node.id)
    await cluster.saveState()
    return cluster
  }

  /** Writes the state folder; again after a node has another port. */
  async saveState(): Promise<void> {
    const process_ = { pid: process.pid, startedAt: readStart(process.pid) }
    const state = this.nodes.map(({ id, adminPort, clientPort: port }) => ({
      ...{ id, port, adminPort, process: this.ended.has(id) ? undefined : process_ },
    }))
    const path = join(this.home, 'cluster.json')
    await writeFile(`${path}.new`, JSON.stringify({ version: 1, nodes: state }))
    await rename(`${path}.new`, path)
  }

  #end(id: string): object {
    setTimeout(() => {
      this.ended.add(id)
      // The test may be over by then, and the folder gone.
      void this.saveState().catch(() => undefined)
    }, drainMs)
    return {}
  }

  node(id: string): FakeNode {
    const node = this.nodes.find((other) => other.id === id)
    if (node === undefined) throw new Error(`there is no fake node ${id}`)
    return node
  }

  /** Runs a command line, given as its words. */
  async run(...words: readonly string[]): Promise<Outcome> {
    return await runWords(words, { HERALD_HOME: this.home })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()))
    await rm(this.home, { recursive: true, force: true })
  }
}

/** Runs a command line in this process with streams that are not terminals. */
export async function runWords(
  words: readonly string[],
  environment: NodeJS.ProcessEnv,
  options: { readonly stdin?: Readable; readonly signal?: AbortSignal } = {},
): Promise<Outcome> {
  const stdout = new TextSink()
  const stderr = new TextSink()
  const exitCode = await runCommandLine(words, {
    stdin: options.stdin ?? Readable.from([]),
    stdout,
    stderr,
    environment,
    signal: options.signal ?? new AbortController().signal,
  })
  return { exitCode, stdout: stdout.text, stderr: stderr.text }
}

/** Keeps what is written to it. */
export class TextSink extends Writable {
  text = ''

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString('utf8')
    done()
  }
}
