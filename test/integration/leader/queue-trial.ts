// A queue under load on a cluster of real nodes: publishers number the messages of every key, members work on them, and in the end every message was
// worked on, and those of each key in their order.

import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { Client, SubscribeOptions } from '../../../client/index.ts'
import { Cluster } from '../cluster.ts'
import type { ClusterNode } from '../cluster-node.ts'
import { until } from '../until.ts'
import { Reader } from './reader.ts'

export const stream = 'orders'
export const patterns = 'orders.>'
export const queue = 'workers'
const keys = 40
const paceMs = 5

export class QueueTrial implements AsyncDisposable {
  readonly cluster: Cluster
  /** All that ever were. */
  readonly members: Reader[] = []
  /** Acknowledged, by key. */
  readonly #published = new Map<string, number[]>()
  readonly #next = new Map<string, number>()
  #isOver = false
  #load: Promise<void>[] = []
  readonly #clients: Client[] = []

  private constructor(cluster: Cluster) {
    this.cluster = cluster
  }

  static async start(retention?: { readonly bytes: number; readonly ageMs: number }): Promise<QueueTrial> {
    const cluster = await Cluster.start()
    const settings = { topics: [patterns], mode: 'leader', ...(retention === undefined ? {} : { retention }) }
    await cluster.node('A').admin.putStream(stream, settings)
    await until('all nodes know the stream', async () => {
      const lists = await Promise.all(cluster.nodes.map(({ admin }) => admin.streams()))
      return lists.every((streams) => streams.some(({ name }) => name === stream))
    })
    return new QueueTrial(cluster)
  }

  get published(): number {
    return [...this.#published.values()].reduce((sum, numbers) => sum + numbers.length, 0)
  }

  /** A member in a process of its own. */
  async join(node: ClusterNode, from: SubscribeOptions['from'] = 'earliest'): Promise<Reader> {
    const subscribe = { queue, from, credit: { messages: 50 } }
    const member = new Reader({ url: node.url, patterns, subscribe })
    this.members.push(member)
    await member.subscribed
    return member
  }

  /** Publishes on a node until it is stopped, each key in its order. */
  async publishOn(node: ClusterNode): Promise<void> {
    const client = await this.cluster.connect(node.id)
    this.#clients.push(client)
    this.#load.push(this.#publish(client, node.id))
  }

  async stopLoad(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#load)
    this.#load = []
    this.#isOver = false
  }

  /** Resolves when so many more were published than by now. */
  async untilPublished(more: number): Promise<void> {
    const goal = this.published + more
    await until(`${more} more are published`, () => this.published >= goal, 30_000)
  }

  /** Resolves when every message that was acknowledged was worked on by somebody. */
  async untilAllWorkedOn(): Promise<void> {
    await until('everything was worked on', () => this.missing().length === 0, 30_000).catch(() => undefined)
    assert.deepEqual(this.missing().slice(0, 10), [])
  }

  /** Acknowledged, and worked on by nobody. */
  missing(): string[] {
    const got = new Set(this.members.flatMap(({ texts }) => texts))
    return [...this.#published].flatMap(([key, numbers]) =>
      numbers.map((number) => `${key} ${number}`).filter((text) => !got.has(text)),
    )
  }

  /** How often messages were worked on beyond the first time. */
  get repeated(): number {
    const texts = this.members.flatMap((member) => member.texts)
    return texts.length - new Set(texts).size
  }

  /**
   * Asserts that each member got the messages of every key in their order. A member whose node died may have some again, from one that it
   * has had on: then they come in their order again.
   */
  assertOrder(): void {
    for (const { texts } of this.members) {
      const last = new Map<string, number>()
      const seen = new Set<string>()
      for (const text of texts) {
        const [key = '', number = ''] = text.split(' ')
        const isNext = Number(number) > (last.get(key) ?? -1)
        assert(isNext || seen.has(text), `${text} after ${last.get(key)}`)
        last.set(key, Number(number))
        seen.add(text)
      }
    }
  }

  /** Asserts that the journals accuse nobody, as soon as what was published last is in them. */
  async assertCheck(): Promise<void> {
    let result = await this.cluster.check()
    const isOver = async (): Promise<boolean> => {
      result = await this.cluster.check()
      return result.ok && result.totals.pending === 0
    }
    await until('the journals have no message on its way', isOver).catch(() => undefined)
    const accusations = result.findings.filter(({ kind }) => kind !== 'unknown')
    assert.deepEqual(accusations, [])
    assert.equal(result.totals.pending, 0)
    const row = result.subscribers.find(({ kind }) => kind === 'queue')
    const { delivered = 0, unknown = 0 } = row?.counts ?? {}
    // Where a node was killed, the last second of its journal is gone.
    assert(delivered + unknown > this.published / 2, JSON.stringify(row?.counts))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopLoad()
    await Promise.all(this.#clients.map((client) => client.close()))
    await Promise.all(this.members.map((member) => member.kill()))
    await this.cluster[Symbol.asyncDispose]()
  }

  async #publish(client: Client, node: string): Promise<void> {
    while (!this.#isOver) {
      const batch = Array.from({ length: 5 }, () => Math.floor(Math.random() * keys)).map(async (number) => {
        const key = `${node}${number}`
        const next = this.#next.get(key) ?? 0
        this.#next.set(key, next + 1)
        const { status } = await client.publish(`orders.${key}`, `${key} ${next}`)
        if (status !== 'acknowledged') return
        const numbers = this.#published.get(key) ?? []
        this.#published.set(key, [...numbers, next])
      })
      await Promise.all(batch)
      await delay(paceMs)
    }
  }
}
