// Asks all nodes the same thing again and again, for whoever follows something. A round waits a moment for those that it asks. One
// that hangs longer is asked still, but is waited for no more: what it said last stands until its request ends, so that it keeps
// back nothing that others say.

import { setTimeout as delay } from 'node:timers/promises'
import type { AdminClient } from './admin-client.ts'
import { type Round, toRound } from './round.ts'

/** The last that is known of every node. */
export interface Look<Answer> extends Round<Answer> {
  /** Nodes that hang: what they have said before may not be so any more. */
  readonly hanging: ReadonlySet<string>
  /** Whether every node has answered once, or has failed to. */
  readonly isComplete: boolean
}

const patienceSlices = 10

/** What is asked still ends when it is disposed of: it would keep the process alive. */
export class RepeatedRounds<Answer> implements Disposable {
  readonly #ask: (client: AdminClient) => Promise<Answer>
  /** How long a round waits for those that it asks, milliseconds. */
  readonly #patienceMs: number
  /** How the last request to each node ended. */
  readonly #last = new Map<string, PromiseSettledResult<Answer>>()
  /** Requests that have not ended, by node: at most one each. */
  readonly #asked = new Set<string>()
  readonly #end = new AbortController()

  constructor(ask: (client: AdminClient) => Promise<Answer>, patienceMs: number) {
    this.#ask = ask
    this.#patienceMs = patienceMs
  }

  /** Nodes may come and go between rounds. Throws as `askAll` does. */
  async next(clients: readonly AdminClient[]): Promise<Look<Answer>> {
    const requests = clients.filter(({ node }) => !this.#asked.has(node)).map((client) => this.#start(client))
    const patience = new AbortController()
    await Promise.race([Promise.all(requests), this.#lose(patience.signal)])
    patience.abort()
    const outcomes = clients.flatMap(({ node }) => {
      const outcome = this.#last.get(node)
      return outcome === undefined ? [] : [{ node, outcome }]
    })
    const hanging = new Set(clients.map(({ node }) => node).filter((node) => this.#asked.has(node)))
    return { ...toRound(outcomes), hanging, isComplete: outcomes.length === clients.length }
  }

  /** Resolves when patience is lost; in slices, so that a stall of this very process is not taken for one of the nodes. */
  async #lose(signal: AbortSignal): Promise<void> {
    for (let slice = 0; slice < patienceSlices && !signal.aborted; slice++)
      await delay(this.#patienceMs / patienceSlices, undefined, { signal }).catch(() => undefined)
  }

  async #start(client: AdminClient): Promise<void> {
    this.#asked.add(client.node)
    const [outcome] = await Promise.allSettled([this.#ask(client.withSignal(this.#end.signal))])
    this.#asked.delete(client.node)
    this.#last.set(client.node, outcome)
  }

  [Symbol.dispose](): void {
    this.#end.abort()
  }
}
