// A stream whose mode is changed while every node publishes on it and every node has a subscriber: what each got is compared with what was
// acknowledged, and among them; and what has a place is a history for the checkers of audit/history.

import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { Append, History, Session, SessionEvent } from '../../../audit/history/history.ts'
import { comparePlaces, formatPlace, type Place } from '../../../audit/history/place.ts'
import type { Client, PublishResult } from '../../../client/index.ts'
import { Cluster, type ClusterOptions } from '../cluster.ts'
import type { ClusterNode } from '../cluster-node.ts'
import { subscribeNodes } from '../traffic.ts'
import { until } from '../until.ts'
import { toEnding } from './recorder.ts'
import { findProblems } from './verdict.ts'

const stream = 'orders'
const pattern = 'orders.>'
/** Between two sends of a publisher. */
const paceMs = 5
const settleMs = 30_000

interface Got {
  readonly text: string
  readonly origin: string
  readonly sequence: number
  readonly place: Place | undefined
}

interface Published {
  readonly text: string
  readonly node: string
  readonly result: PublishResult
  /** By the clock of this process. */
  readonly calledAt: number
  readonly returnedAt: number
}

export class SwitchTrial implements AsyncDisposable {
  readonly cluster: Cluster
  readonly results: Published[] = []
  readonly #clients: Client[] = []
  readonly #got = new Map<string, Got[]>()
  #gaps = 0
  #isOver = false
  readonly #loads: Promise<void>[] = []

  private constructor(cluster: Cluster) {
    this.cluster = cluster
  }

  static async start(options: ClusterOptions = {}): Promise<SwitchTrial> {
    const trial = new SwitchTrial(await Cluster.start(options))
    const [first] = trial.cluster.nodes
    await first?.admin.putStream(stream, { topics: [pattern] })
    await until('all nodes know the stream', async () => {
      const known = await Promise.all(trial.cluster.nodes.map((node) => trial.epoch(node)))
      return known.every((epoch) => epoch === 0)
    })
    await subscribeNodes(trial.cluster.nodes, pattern)
    for (const node of trial.cluster.nodes) await trial.#watch(node)
    return trial
  }

  async epoch(node: ClusterNode): Promise<number | undefined> {
    return (await node.status()).streams.find(({ name }) => name === stream)?.epoch
  }

  async leader(node: ClusterNode): Promise<string | undefined> {
    return (await node.status()).streams.find(({ name }) => name === stream)?.order?.leader
  }

  async setMode(node: ClusterNode | undefined, mode: 'gossip' | 'leader'): Promise<number> {
    assert.ok(node)
    const { epoch } = await node.admin.withTimeout(20_000).setMode(stream, mode)
    return epoch
  }

  /** Publishes on a node until `judge`. */
  async load(node: ClusterNode): Promise<void> {
    const client = await this.cluster.connect(node.id, { reconnect: { maxMs: 200 } })
    this.#clients.push(client)
    this.#loads.push(this.#publish(client, node.id))
  }

  /** Resolves when so many more publications are acknowledged than now. */
  async untilAcknowledged(more: number): Promise<void> {
    const goal = this.#acknowledged.length + more
    await until(
      `${more} more publications are acknowledged`,
      () => this.#acknowledged.length >= goal,
      settleMs,
    )
  }

  /** What did not end as acknowledged. */
  get failures(): readonly PublishResult[] {
    return this.results.map(({ result }) => result).filter(({ status }) => status !== 'acknowledged')
  }

  /** Ends the load, and asserts that every subscriber has everything that was acknowledged, once, in its publishers' order, and in one order where there is one. */
  async judge(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#loads)
    await this.cluster.untilLinked()
    const wanted = new Set(this.#acknowledged)
    const lacks = (got: readonly Got[]): number => {
      const texts = new Set(got.map(({ text }) => text))
      return [...wanted].filter((text) => !texts.has(text)).length
    }
    await until(
      'all subscribers have everything',
      () => [...this.#got.values()].every((got) => lacks(got) === 0),
      settleMs,
    ).catch(() => undefined)
    for (const [node, got] of this.#got) {
      assert.equal(lacks(got), 0, `${node} lacks messages that were acknowledged`)
      assert.equal(new Set(got.map(({ text }) => text)).size, got.length, `${node} got something twice`)
      assertInSequence(node, got)
    }
    assert.equal(this.#gaps, 0)
    this.#assertOneOrder()
    assert.deepEqual(findProblems(this.#history()), [])
    await until('the check finds nothing wrong', async () => {
      const { totals, findings } = await this.cluster.check()
      return totals.pending === 0 && findings.every(({ kind }) => kind === 'unknown')
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#clients.map((client) => client.close()))
    await this.cluster[Symbol.asyncDispose]()
  }

  get #acknowledged(): readonly string[] {
    return this.results.filter(({ result }) => result.status === 'acknowledged').map(({ text }) => text)
  }

  /** What has a place is the same at each place, wherever it was got. */
  #assertOneOrder(): void {
    const at = new Map<string, string>()
    for (const [node, got] of this.#got) {
      for (const { place, text } of got) {
        if (place === undefined) continue
        const where = formatPlace(place)
        assert.equal(at.get(where) ?? text, text, `another message at ${where} for ${node}`)
        at.set(where, text)
      }
    }
    assert.ok(at.size > 0, 'something has a place')
  }

  /** What was given a place, by whoever was told so: its publisher, or a subscriber alone where it was acknowledged in gossip mode before. */
  #history(): History {
    const placed = new Map<string, Place>()
    for (const got of this.#got.values())
      for (const { text, place } of got) if (place !== undefined) placed.set(text, place)
    const sessions = [...this.#got].map(([node, got]): Session => {
      return { id: node, node, after: undefined, isDrain: true, events: toEvents(got, placed) }
    })
    const operations = this.results.flatMap(({ text, node, result, calledAt, returnedAt }): Append[] => {
      const isPlaceless = result.status === 'acknowledged' && result.offset === undefined
      if (isPlaceless && !placed.has(text)) return []
      return [{ kind: 'append', process: node, value: text, calledAt, ...toEnding(result, returnedAt) }]
    })
    assert.ok(
      operations.some(({ outcome }) => outcome === 'ok'),
      'something was told its place',
    )
    return { stream, operations, sessions }
  }

  async #watch(node: ClusterNode): Promise<void> {
    const got: Got[] = []
    this.#got.set(node.id, got)
    const client = await this.cluster.connect(node.id, { reconnect: { maxMs: 200 } })
    this.#clients.push(client)
    await client.subscribe(pattern, (delivery) => {
      if (delivery.kind === 'gap') return void this.#gaps++
      const { origin, sequence, epoch, offset } = delivery
      got.push({
        text: delivery.text(),
        origin,
        sequence,
        place: offset === undefined ? undefined : { epoch: epoch ?? 0, offset },
      })
    })
  }

  async #publish(client: Client, node: string): Promise<void> {
    const pending = new Set<Promise<void>>()
    for (let count = 1; !this.#isOver; count++) {
      const text = `${node}-${count}`
      const calledAt = performance.now()
      const publication = client.publish('orders.new', text).then((result) => {
        this.results.push({ text, node, result, calledAt, returnedAt: performance.now() })
      })
      pending.add(publication)
      void publication.then(() => pending.delete(publication))
      await delay(paceMs)
    }
    await Promise.all(pending)
  }
}

/** What a subscriber got in its place. What it had had before, on a node that was cut off, does not come again there. */
function toEvents(got: readonly Got[], placed: ReadonlyMap<string, Place>): readonly SessionEvent[] {
  const early = got
    .flatMap(({ text, place }) => (place === undefined ? (placed.get(text) ?? []) : []))
    .sort(comparePlaces)
  const events: SessionEvent[] = []
  const pass = (next: Place | undefined): void => {
    for (let first = early[0]; first !== undefined; first = early[0]) {
      if (next !== undefined && comparePlaces(next, first) < 0) return
      events.push({ kind: 'gap', from: first, to: first })
      early.shift()
    }
  }
  for (const { text: value, place } of got) {
    if (place === undefined) continue
    pass(place)
    events.push({ kind: 'entry', value, place })
  }
  pass(undefined)
  return events
}

function assertInSequence(node: string, got: readonly Got[]): void {
  const last = new Map<string, number>()
  for (const { origin, sequence } of got) {
    assert.equal(sequence, (last.get(origin) ?? sequence - 1) + 1, `${node}: ${origin} out of order`)
    last.set(origin, sequence)
  }
}
