// A cluster that has seen much: what operators do to one over months, one after the other, with all that was acknowledged looked at behind each.

import assert from 'node:assert/strict'
import type { Finding } from '../../../audit/check-result.ts'
import type { Client } from '../../../client/index.ts'
import { type Random, randomBelow } from '../../../node/core/common/random.ts'
import { runWords } from '../../scripts/fake-cluster.ts'
import { Cluster } from '../cluster.ts'
import type { ClusterNode } from '../cluster-node.ts'
import { subscribeNodes } from '../traffic.ts'
import { until } from '../until.ts'
import { removeNode, untilSettled } from './joining.ts'

/** Published on each stream between two events. */
const batch = 20
/** Of 300 messages of a kilobyte: floors of the group's log follow. */
const loudRetention = { bytes: 65_536, ageMs: 60_000 }
const nodesMax = 5
const nodesMin = 3

/** What may happen to a cluster. */
export const events: Readonly<Record<string, (old: OldCluster) => Promise<void>>> = {
  'all nodes end and start again': (old) => old.restartAll(),
  'a node is killed': (old) => old.killOne(),
  'all nodes are killed': (old) => old.killAll(),
  'a node joins': (old) => old.join(),
  'a node goes': (old) => old.leave(),
  'a stream goes to gossip mode': (old) => old.switchTo('gossip'),
  'a stream goes to leader mode': (old) => old.switchTo('leader'),
  'a durable subscription gets some': (old) => old.readSome({ name: 'billing' }),
  'a queue gets some': (old) => old.readSome({ queue: 'workers' }),
  'a stream is removed and made again': (old) => old.remake(),
}

export class OldCluster implements AsyncDisposable {
  readonly cluster: Cluster
  readonly #random: Random
  /** Acknowledged on `kept`, which loses nothing, and on `remade` since it was made, in order. */
  readonly #kept: string[] = []
  readonly #remade: string[] = []
  #published = 0
  #joined = 0

  private constructor(cluster: Cluster, random: Random) {
    this.cluster = cluster
    this.#random = random
  }

  static async start(random: Random): Promise<OldCluster> {
    const old = new OldCluster(await Cluster.start(), random)
    const { admin } = old.#anyNode()
    for (const name of ['kept', 'changed', 'remade', 'loud']) {
      const retention = name === 'loud' ? { retention: loudRetention } : {}
      await admin.createStream(name, { topics: [`${name}.>`], mode: 'leader', ...retention })
    }
    await old.settle()
    await subscribeNodes(old.cluster.nodes, 'kept.>')
    return old
  }

  /** Resolves when all nodes are linked, vote where they are to, and have a leader for every stream. */
  async settle(): Promise<void> {
    const { cluster } = this
    await cluster.untilLinked()
    await untilSettled(cluster)
    await until('every stream has a leader on every node', async () => {
      const states = await Promise.all(cluster.nodes.map((node) => node.status()))
      return states.every(({ streams }) => {
        const led = streams.filter(({ mode }) => mode === 'leader')
        return streams.length === 5 && led.every(({ order }) => order?.leader !== undefined)
      })
    })
  }

  async publish(): Promise<void> {
    await using client = await this.cluster.connect(this.#anyNode().id)
    this.#kept.push(...(await this.#publishOn(client, 'kept')))
    this.#remade.push(...(await this.#publishOn(client, 'remade')))
    await this.#publishOn(client, 'changed')
    await this.#publishOn(client, 'loud', 'x'.repeat(4096))
  }

  /** Every node has exactly what was acknowledged, in that order, and the journals agree. */
  async judge(): Promise<void> {
    for (const node of this.cluster.nodes) {
      assert.equal((await node.admin.streamEnd('kept', true)).last, this.#kept.length, node.id)
      assert.deepEqual(await this.#readAll(node, 'kept', this.#kept.length), this.#kept, node.id)
      assert.deepEqual(await this.#readAll(node, 'remade', this.#remade.length), this.#remade, node.id)
    }
    let accusations: readonly Finding[] = []
    await until('the journals accuse nobody', async () => {
      const { findings, missingJournals } = await this.cluster.check()
      assert.deepEqual(missingJournals, [])
      // What a killed node had not written yet is unknown.
      accusations = findings.filter(({ kind }) => kind !== 'unknown')
      return accusations.length === 0
    }).catch(() => undefined)
    assert.deepEqual(accusations, [])
  }

  /** The cluster ends; its logs can be read, also by who is not a node. Returns what `log inspect` says of each. */
  async inspect(): Promise<string[]> {
    await this.#stopAll()
    const texts: string[] = []
    for (const { options } of this.cluster.nodes) {
      const { exitCode, stdout, stderr } = await runWords(['log', 'inspect', options.dataPath], {})
      assert.equal(exitCode, 0, stdout + stderr)
      texts.push(stdout)
    }
    return texts
  }

  async restartAll(): Promise<void> {
    await this.#stopAll()
    await this.cluster.startAll()
  }

  async killOne(): Promise<void> {
    const node = this.#anyNode()
    await node.kill()
    await node.start()
  }

  async killAll(): Promise<void> {
    await Promise.all(this.cluster.nodes.map((node) => node.kill()))
    await this.cluster.startAll()
  }

  async join(): Promise<void> {
    if (this.cluster.nodes.length >= nodesMax) return await this.leave()
    await this.cluster.add(`N${++this.#joined}`)
  }

  async leave(): Promise<void> {
    if (this.cluster.nodes.length <= nodesMin) return await this.join()
    await removeNode(this.cluster, this.#anyNode())
  }

  async switchTo(mode: 'gossip' | 'leader'): Promise<void> {
    await this.#anyNode().admin.withTimeout(20_000).setMode('changed', mode)
  }

  async remake(): Promise<void> {
    await this.#anyNode().admin.withTimeout(20_000).deleteStream('remade')
    this.#remade.length = 0
    await until('all know that it is gone', async () => {
      const lists = await Promise.all(this.cluster.nodes.map(({ admin }) => admin.streams()))
      return lists.every((streams) => streams.every(({ name }) => name !== 'remade'))
    })
    const settings = { topics: ['remade.>'], mode: 'leader' }
    await this.#anyNode().admin.withTimeout(20_000).createStream('remade', settings)
  }

  /** A client that reads under a name goes again before it has everything. */
  async readSome(under: { readonly name: string } | { readonly queue: string }): Promise<void> {
    await using client = await this.cluster.connect(this.#anyNode().id)
    let got = 0
    await client.subscribe('kept.>', { ...under, from: 'earliest' }, (delivery) => {
      if (delivery.kind === 'message') got++
    })
    await this.publish()
    await until('it got some', () => got > 5)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster[Symbol.asyncDispose]()
  }

  /** Returns what was acknowledged: everything. */
  async #publishOn(client: Client, stream: string, pad = ''): Promise<string[]> {
    const texts = Array.from({ length: batch }, () => `${++this.#published}`)
    const publications = texts.map((text) => ({ topic: `${stream}.a`, payload: text + pad }))
    const results = await client.publishBatch(publications)
    const others = results.filter(({ status }) => status !== 'acknowledged')
    assert.deepEqual(others, [], stream)
    return texts
  }

  /** The first messages of a stream on a node, so many. */
  async #readAll(node: ClusterNode, stream: string, count: number): Promise<string[]> {
    await using client = await this.cluster.connect(node.id)
    const got: string[] = []
    await client.subscribe(`${stream}.>`, { from: 'earliest' }, (delivery) => {
      got.push(delivery.kind === 'message' ? delivery.text() : `gap ${delivery.from}-${delivery.to}`)
    })
    await until(`${node.id} has ${count} messages of ${stream}`, () => got.length >= count)
    return got
  }

  #anyNode(): ClusterNode {
    const { nodes } = this.cluster
    const node = nodes[randomBelow(this.#random, nodes.length)]
    assert(node !== undefined)
    return node
  }

  async #stopAll(): Promise<void> {
    const exits = await Promise.all(this.cluster.nodes.map((node) => node.stop()))
    for (const exit of exits) assert.deepEqual(exit, { code: 0, signal: null })
  }
}
