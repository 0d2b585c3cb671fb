// Whether servers that keep publications have what they acknowledged, by their own word and not by the client's, and whether the same one
// led all the time: the publisher is connected to that one.

import { setTimeout as delay } from 'node:timers/promises'
import type { RunningServers } from './drivers/driver.ts'

/** Servers behind the one that leads apply what is acknowledged a little later. */
const waitMaxMs = 5000
const pollMs = 20

export class StoredCheck {
  readonly #servers: RunningServers
  readonly #leader: number | undefined
  readonly #storedBefore: number | undefined

  private constructor(servers: RunningServers, leader: number | undefined, storedBefore: number | undefined) {
    this.#servers = servers
    this.#leader = leader
    this.#storedBefore = storedBefore
  }

  /** Before anything is published. Of servers that keep nothing, nothing is checked. */
  static async begin(servers: RunningServers): Promise<StoredCheck> {
    return new StoredCheck(servers, await servers.findLeader?.(), await servers.countStored?.())
  }

  /** The publisher uses the server that leads, where one does, else the first. */
  get publisherUrl(): string {
    return this.#servers.urls[this.#leader ?? 0] ?? ''
  }

  /** Why a run that had so many acknowledged is no result; undefined if it is one. */
  async findProblem(acknowledged: number): Promise<string | undefined> {
    if (this.#servers.countStored === undefined || this.#storedBefore === undefined) return undefined
    const leader = await this.#servers.findLeader?.()
    if (this.#leader === undefined || leader !== this.#leader) return 'another server leads'
    const deadline = performance.now() + waitMaxMs
    for (;;) {
      const stored = (await this.#servers.countStored()) - this.#storedBefore
      if (stored === acknowledged) return undefined
      if (performance.now() > deadline)
        return `${acknowledged} messages were acknowledged, and a majority of the servers has ${stored}`
      await delay(pollMs)
    }
  }
}

/** Of counts, one a server, the highest that a majority reaches. */
export function majorityOf(counts: readonly number[]): number {
  return counts.toSorted((a, b) => b - a)[Math.floor(counts.length / 2)] ?? 0
}
