// Readers on several nodes that ask again and again where the order of a stream ends, as `herald read --committed` does, and read what lies
// there. What they were told, and when, goes into the history.

import { setTimeout as delay } from 'node:timers/promises'
import type { CommittedRead, Entry } from '../../../audit/history/history.ts'
import type { Place } from '../../../audit/history/place.ts'
import type { Client } from '../../../client/index.ts'
import { NodeRefusal } from '../../../scripts/admin/request.ts'
import type { ClusterNode } from '../cluster-node.ts'
import { until } from '../until.ts'
import { PlaceTap } from './place-tap.ts'
import type { Recorder } from './recorder.ts'

/** Readers of a node, so that several questions wait for it while it stands still. */
const readersOfNode = 3
/** Between two questions of one reader. */
const paceMs = 20
/** Longer than any node of a test stands still. */
const askTimeoutMs = 30_000
/** What lies at a place comes at once, from whatever node the client is on, or is not waited for. */
const valueTimeoutMs = 5_000

export class CommittedReaders implements AsyncDisposable {
  readonly #recorder: Recorder
  readonly #stream: string
  readonly #clients: Client[] = []
  readonly #loops: Promise<void>[] = []
  #isOver = false

  private constructor(recorder: Recorder, stream: string) {
    this.#recorder = recorder
    this.#stream = stream
  }

  static async start(
    recorder: Recorder,
    stream: string,
    nodes: readonly ClusterNode[],
  ): Promise<CommittedReaders> {
    const readers = new CommittedReaders(recorder, stream)
    for (const node of nodes) {
      const tap = new PlaceTap()
      const client = await tap.connect(node.url, { reconnect: { maxMs: 200 } })
      readers.#clients.push(client)
      for (let number = 0; number < readersOfNode; number++)
        readers.#loops.push(readers.#run(node, client, tap, `reader ${number} on ${node.id}`))
    }
    return readers
  }

  /** Reads of a node that ended so, with a place or the certainty that there is none. */
  ended(node: string, outcome: CommittedRead['outcome'] = 'ok'): readonly CommittedRead[] {
    return this.#recorder.reads.filter(
      (each) => each.process.endsWith(` on ${node}`) && each.outcome === outcome,
    )
  }

  /** Resolves when so many more reads of each of these nodes have ended well. */
  async untilRead(nodes: readonly string[], more: number): Promise<void> {
    const goals = nodes.map((node) => ({ node, goal: this.ended(node).length + more }))
    await until(
      `readers of ${nodes.join(', ')} have ${more} more answers`,
      () => goals.every(({ node, goal }) => this.ended(node).length >= goal),
      30_000,
    )
  }

  /** Ends when everything that was asked has its answer. */
  async stop(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#loops)
    await Promise.all(this.#clients.map((client) => client.close()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#clients.map((client) => client.close()))
  }

  async #run(node: ClusterNode, client: Client, tap: PlaceTap, process: string): Promise<void> {
    while (!this.#isOver) {
      const calledAt = performance.now()
      const ending = await this.#read(node, client, tap)
      this.#recorder.reads.push({
        kind: 'read',
        process,
        calledAt,
        returnedAt: performance.now(),
        ...ending,
      })
      await delay(paceMs)
    }
  }

  async #read(
    node: ClusterNode,
    client: Client,
    tap: PlaceTap,
  ): Promise<
    | { readonly outcome: 'ok'; readonly result: Entry | undefined }
    | { readonly outcome: 'refused' | 'unknown' }
  > {
    try {
      const { epoch, last } = await node.admin.withTimeout(askTimeoutMs).streamEnd(this.#stream, true)
      if (last === 0) return { outcome: 'ok', result: undefined }
      const place = { epoch, offset: last }
      const value = await this.#valueAt(place, client, tap)
      return value === undefined ? { outcome: 'unknown' } : { outcome: 'ok', result: { place, value } }
    } catch (error) {
      return { outcome: error instanceof NodeRefusal ? 'refused' : 'unknown' }
    }
  }

  /** What a client is given from this place on, first; undefined where nothing comes, or something else than asked for. */
  async #valueAt({ epoch, offset }: Place, client: Client, tap: PlaceTap): Promise<string | undefined> {
    const signal = AbortSignal.timeout(valueTimeoutMs)
    const subscription = await client.subscribe(`${this.#stream}.>`, { from: { offset }, signal })
    for await (const item of subscription) {
      if (item.kind === 'gap') continue
      const place = tap.placeOf(item.origin, item.sequence)
      return place?.epoch === epoch && place.offset === offset ? item.text().trimEnd() : undefined
    }
    return undefined
  }
}
