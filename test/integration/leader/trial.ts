// A stream in leader mode on a cluster of real nodes, under load and watched from every node, that is put on trial: a test breaks what it
// likes, heals it and asks for the verdict.

import assert from 'node:assert/strict'
import type { History } from '../../../audit/history/history.ts'
import { beginning, type Place } from '../../../audit/history/place.ts'
import type { Client, SubscribeOptions } from '../../../client/index.ts'
import type { StreamSettings } from '../../../scripts/admin/admin-client.ts'
import type { StreamStatusAnswer } from '../../../scripts/admin/answers.ts'
import { readFaultRounds } from '../../../scripts/testing/fault-rounds.ts'
import { Cluster, type ClusterOptions } from '../cluster.ts'
import type { ClusterNode } from '../cluster-node.ts'
import { subscribeNodes } from '../traffic.ts'
import { until, untilDefined } from '../until.ts'
import { CommittedReaders } from './committed-readers.ts'
import { assertJournalsClean } from './journal-check.ts'
import { Load, type LoadOptions } from './load.ts'
import { PlaceTap } from './place-tap.ts'
import { type Publishing, Recorder, type SessionRecord, toDelivered } from './recorder.ts'
import { findProblems } from './verdict.ts'

const stream = 'orders'
const topic = 'orders.new'
const patterns = 'orders.>'

/** How often a test repeats its faults: once, or as often as whoever runs it for longer says. */
export const rounds: number = readFaultRounds()

export interface TrialOptions extends ClusterOptions {
  readonly retention?: StreamSettings['retention']
}

type Order = NonNullable<StreamStatusAnswer['order']>

/** Where a subscriber begins. */
interface Start {
  readonly from?: SubscribeOptions['from']
  /** The place behind which `from` lies, if it is known. */
  readonly after?: Place | undefined
  /** Whether it reads to the end. */
  readonly isDrain?: boolean
}

/** A subscriber that writes down what it gets. */
export interface Watcher {
  readonly client: Client
  readonly session: SessionRecord
  /** Where it stands: its cursor, and the place of what it got last. */
  readonly position: () => { readonly cursor: string; readonly after: Place | undefined }
}

export class Trial implements AsyncDisposable {
  readonly cluster: Cluster
  readonly recorder: Recorder = new Recorder(stream)
  readonly #watchers: Watcher[] = []
  #loads = 0

  private constructor(cluster: Cluster) {
    this.cluster = cluster
  }

  /** Starts nodes, the stream, and a subscriber on each node. */
  static async start({ retention, ...options }: TrialOptions = {}): Promise<Trial> {
    const trial = new Trial(await Cluster.start(options))
    const [first] = trial.cluster.nodes
    await first?.admin.putStream(stream, {
      topics: [patterns],
      mode: 'leader',
      ...(retention === undefined ? {} : { retention }),
    })
    await trial.untilLed()
    await subscribeNodes(trial.cluster.nodes, patterns)
    for (const node of trial.cluster.nodes) await trial.watch(node)
    return trial
  }

  get ids(): readonly string[] {
    return this.cluster.nodes.map(({ id }) => id)
  }

  /** What a node says of the order of the stream. */
  async order(node: ClusterNode): Promise<Order | undefined> {
    return (await node.status()).streams.find(({ name }) => name === stream)?.order
  }

  /** Resolves with the leader once these nodes, all by default, agree on one of them. */
  async untilLed(...among: readonly string[]): Promise<ClusterNode> {
    const nodes = this.cluster.nodes.filter(({ id }) => among.length === 0 || among.includes(id))
    const leader = await untilDefined(`${nodes.map(({ id }) => id).join(', ')} have a leader`, async () => {
      const leaders = new Set(await Promise.all(nodes.map(async (node) => (await this.order(node))?.leader)))
      const [one] = leaders
      return leaders.size === 1 && nodes.some(({ id }) => id === one) ? one : undefined
    })
    return this.cluster.node(leader)
  }

  /** Resolves when a node has everything that the others have by now. */
  async untilCaughtUp(node: ClusterNode): Promise<void> {
    const others = this.cluster.nodes.filter((each) => each !== node)
    const orders = await Promise.all(others.map((other) => this.order(other)))
    const last = Math.max(...orders.map((order) => order?.last ?? 0))
    await until(`${node.id} has everything up to ${last}`, async () => {
      return ((await this.order(node))?.last ?? 0) >= last
    })
  }

  /** Publishers on these nodes, on all by default. */
  async load(nodes: readonly ClusterNode[] = this.cluster.nodes, options: LoadOptions = {}): Promise<Load> {
    return await Load.start(this.recorder, nodes, { ...options, name: String(++this.#loads), topic })
  }

  /** Kills a node while publishers on every node have so many acknowledged, lets the others go on without it, and has it back. */
  async killUnderLoad(
    victim: ClusterNode,
    { count = 50, ...options }: LoadOptions & { readonly count?: number } = {},
  ): Promise<void> {
    await using load = await this.load(this.cluster.nodes, options)
    const others = this.ids.filter((id) => id !== victim.id)
    await load.untilAcknowledged(this.ids, count)
    await victim.kill()
    await load.untilAcknowledged(others, count)
    await victim.start()
    await this.untilCaughtUp(victim)
    await load.untilAcknowledged(this.ids, count)
    await load.stop()
  }

  /** Committed reads on every node. */
  async readers(): Promise<CommittedReaders> {
    return await CommittedReaders.start(this.recorder, stream, this.cluster.nodes)
  }

  /** Publishes one message. */
  async publish(client: Publishing, process: string): ReturnType<Recorder['publish']> {
    return await this.recorder.publish(client, process, topic)
  }

  /** Subscribes on a node, from the earliest message unless another start is given. */
  async watch(
    node: ClusterNode,
    { from = 'earliest', after = from === 'earliest' ? beginning : undefined, isDrain = false }: Start = {},
  ): Promise<Watcher> {
    const tap = new PlaceTap()
    const client = await tap.connect(node.url, { reconnect: { maxMs: 200 } })
    const id = `${isDrain ? 'drain' : 'watch'} ${this.#watchers.length} on ${node.id}`
    const session = this.recorder.addSession({ id, node: node.id, after, isDrain, tap })
    const subscription = await client.subscribe(patterns, { from }, (delivery) => {
      session.deliveries.push(toDelivered(delivery))
    })
    const position = (): ReturnType<Watcher['position']> => {
      const last = session.deliveries.at(-1)
      const place = last?.kind === 'message' ? tap.placeOf(last.origin, last.sequence) : undefined
      return { cursor: subscription.cursor, after: place }
    }
    const watcher = { client, session, position }
    this.#watchers.push(watcher)
    return watcher
  }

  /** The subscriber that has been on a node since the start, if it has not moved. */
  watcherOn(node: ClusterNode): Watcher {
    const watcher = this.#watchers.find(({ session }) => session.node === node.id)
    assert(watcher !== undefined)
    return watcher
  }

  /**
   * When everything is healed: publishes a last message, reads every node up to it, and asserts that neither the history nor the journals
   * show anything wrong. Where retention has dropped something (`isWhole` is false), what subscribers got stands for what nodes have.
   */
  async judge({ isWhole = true }: { readonly isWhole?: boolean } = {}): Promise<History> {
    await this.cluster.untilLinked()
    const last = await this.#publishLast()
    if (isWhole) for (const node of this.cluster.nodes) await this.#drain(node)
    const others = this.#watchers.map(({ session }) => session)
    await until(
      `all subscribers have ${last}`,
      () => others.every((session) => hasGot(session, last)),
      30_000,
    )
    if (!isWhole) for (const session of others) session.isDrain = true
    const history = this.recorder.history()
    assert.deepEqual([...this.recorder.problems, ...findProblems(history)], [])
    await assertJournalsClean(this.cluster, this.recorder, isWhole)
    return history
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#watchers.map(({ client }) => client.close()))
    await this.cluster[Symbol.asyncDispose]()
  }

  async #publishLast(): Promise<string> {
    const [node] = this.ids
    await using client = await this.cluster.connect(node ?? '')
    return await untilDefined('a last message is acknowledged', async () => {
      const { append } = await this.publish(client, 'last')
      return append.outcome === 'ok' ? append.value : undefined
    })
  }

  /** Reads everything that a node has, from it alone. */
  async #drain(node: ClusterNode): Promise<void> {
    const { client, session } = await this.watch(node, { isDrain: true })
    const end = this.recorder.receipts.at(-1)?.append.value ?? ''
    await until(`${node.id} gives everything up to ${end}`, () => hasGot(session, end), 30_000)
    assert.deepEqual(session.tap.nodes, [node.id], 'the drain stayed on its node')
    await client.close()
  }
}

function hasGot({ deliveries }: SessionRecord, value: string): boolean {
  return deliveries.findLast((each) => each.kind === 'message' && each.value === value) !== undefined
}
