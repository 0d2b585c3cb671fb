// Publishers on several nodes that go on whatever happens: each with a few lanes, which wait for the outcome of what they sent,
// and then send the next. What a machine is too slow for so becomes less load, not more waiting.

import { setTimeout as delay } from 'node:timers/promises'
import { type Client, type ConnectOptions, connect } from '../../../client/index.ts'
import type { ClusterNode } from '../cluster-node.ts'
import { until } from '../until.ts'
import type { Publishing, Receipt, Recorder } from './recorder.ts'
import { RetryingProducer } from './retrying-producer.ts'

export interface LoadOptions {
  readonly lanes?: number
  /** Messages are made so long. */
  readonly padBytes?: number
  readonly client?: ConnectOptions
  /** Whether every publisher is a named producer that retries until it knows. */
  readonly isNamed?: boolean
}

/** Between two sends of a lane: a few hundred messages a second, which leaves a machine time for its nodes. */
const paceMs = 8
/** A lane sends up to so many at once. */
const burstMax = 3

interface Publisher {
  readonly node: string
  readonly client: Client
  readonly receipts: Receipt[]
  readonly lanes: Promise<void>
}

export class Load implements AsyncDisposable {
  readonly #recorder: Recorder
  readonly #topic: string
  readonly #options: LoadOptions
  readonly #publishers: Publisher[] = []
  #isOver = false

  /** `name` tells the processes of this load from those of others. */
  private constructor(recorder: Recorder, topic: string, options: LoadOptions) {
    this.#recorder = recorder
    this.#topic = topic
    this.#options = options
  }

  /** Starts one publisher on each node. */
  static async start(
    recorder: Recorder,
    nodes: readonly ClusterNode[],
    { name, topic, ...options }: LoadOptions & { readonly name: string; readonly topic: string },
  ): Promise<Load> {
    const load = new Load(recorder, topic, options)
    for (const { id, url } of nodes) await load.#add(id, url, name)
    return load
  }

  /** Outcomes of what the publisher of a node sent. */
  receipts(node: string): readonly Receipt[] {
    return this.#publishers.find((publisher) => publisher.node === node)?.receipts ?? []
  }

  acknowledged(node: string): number {
    return this.receipts(node).filter(({ append }) => append.outcome === 'ok').length
  }

  /** Resolves when each of these publishers has so many more acknowledgements than now. */
  async untilAcknowledged(nodes: readonly string[], more: number, deadlineMs = 30_000): Promise<void> {
    const goals = nodes.map((node) => ({ node, goal: this.acknowledged(node) + more }))
    const what = `publishers of ${nodes.join(', ')} have ${more} more acknowledgements`
    await until(what, () => goals.every(({ node, goal }) => this.acknowledged(node) >= goal), deadlineMs)
  }

  /** Ends when everything that was sent has its outcome. */
  async stop(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#publishers.map(({ lanes }) => lanes))
    await Promise.all(this.#publishers.map(({ client }) => client.close()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#publishers.map(({ client }) => client.close()))
    await Promise.all(this.#publishers.map(({ lanes }) => lanes))
  }

  async #add(node: string, url: string, name: string): Promise<void> {
    const client = await connect(url, { reconnect: { maxMs: 200 }, ...this.#options.client })
    const receipts: Receipt[] = []
    const isNamed = this.#options.isNamed === true
    const publishing = isNamed ? new RetryingProducer(client.producer(`${node}.${name}`)) : client
    const count = this.#options.lanes ?? 2
    const lanes = Array.from({ length: count }, (_, lane) =>
      this.#run(publishing, `${node}.${name}.${lane}`, receipts),
    )
    this.#publishers.push({ node, client, receipts, lanes: Promise.all(lanes).then(() => undefined) })
  }

  async #run(client: Publishing, process: string, receipts: Receipt[]): Promise<void> {
    for (let round = 0; !this.#isOver; round++) {
      const burst = Array.from({ length: 1 + (round % burstMax) }, async () => {
        receipts.push(await this.#recorder.publish(client, process, this.#topic, this.#options.padBytes))
      })
      await Promise.all(burst)
      await delay(paceMs)
    }
  }
}
