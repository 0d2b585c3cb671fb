// Syncs of the log that fail, take long or lie, on one node at a time: sync-fault.c, compiled for the test and loaded into the nodes.

import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ClusterNode } from '../cluster-node.ts'
import { untilDefined } from '../until.ts'

export class SyncFault implements AsyncDisposable {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** Compiles the library; undefined where there is no compiler, or no system that would load it. */
  static async compile(): Promise<SyncFault | undefined> {
    if (process.platform !== 'linux') return undefined
    const fault = new SyncFault(await mkdtemp(join(tmpdir(), 'herald-sync-fault-')))
    const source = join(import.meta.dirname, 'sync-fault.c')
    const flags = ['-shared', '-fPIC', '-O2', '-Wall', '-Werror']
    const compiled = spawnSync('cc', [...flags, '-o', fault.#library, source, '-ldl'], { encoding: 'utf8' })
    if (compiled.status === 0) return fault
    await fault[Symbol.asyncDispose]()
    if (compiled.error !== undefined) return undefined
    throw new Error(`sync-fault.c does not compile:\n${compiled.stderr}`)
  }

  /** For the nodes. */
  get environment(): Readonly<Record<string, string>> {
    return { LD_PRELOAD: this.#library }
  }

  /** From now on syncs of this node's log do this; nothing: what they should. */
  async set(node: ClusterNode, order: 'fail' | 'lie' | `delay ${number}` | ''): Promise<void> {
    await writeFile(join(node.options.dataPath, 'sync-fault'), order)
  }

  /** When the first sync failed, by the clock of `performance.now()`. */
  async failedAt(node: ClusterNode): Promise<number> {
    const text = await untilDefined(`a sync of ${node.id} has failed`, async () => {
      const found = await readFile(join(node.options.dataPath, 'sync-failed'), 'utf8').catch(() => '')
      return found === '' ? undefined : found
    })
    const now = process.hrtime.bigint()
    return performance.now() - Number(now - BigInt(text)) / 1e6
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }

  get #library(): string {
    return join(this.#folder, 'sync-fault.so')
  }
}
