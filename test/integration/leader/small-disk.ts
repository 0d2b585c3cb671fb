// A disk of a few MiB under the data directory of one node, and something that fills it.

import { execFileSync } from 'node:child_process'
import { cp, mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClusterNode } from '../cluster-node.ts'

/** Room for what a test publishes, and soon full. */
const size = '48m'
const fillerPieceBytes = 65_536

export class SmallDisk implements AsyncDisposable {
  readonly #path: string

  private constructor(path: string) {
    this.#path = path
  }

  /** Moves the data of a node that is stopped onto a small disk; undefined where nothing can be mounted. */
  static async under(node: ClusterNode): Promise<SmallDisk | undefined> {
    const { dataPath } = node.options
    const aside = `${dataPath}.aside`
    await rename(dataPath, aside)
    await mkdir(dataPath)
    const isMounted = tryMount(dataPath)
    await cp(aside, dataPath, { recursive: true })
    return isMounted ? new SmallDisk(dataPath) : undefined
  }

  /** Takes all space that is left. */
  async fill(): Promise<void> {
    const file = await open(join(this.#path, 'filler'), 'w')
    const piece = Buffer.alloc(fillerPieceBytes)
    try {
      for (;;) await file.write(piece)
    } catch (error) {
      if (!String(error).includes('ENOSPC')) throw error
    } finally {
      await file.close()
    }
  }

  async empty(): Promise<void> {
    await rm(join(this.#path, 'filler'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    execFileSync('umount', ['-l', this.#path])
  }
}

function tryMount(path: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
