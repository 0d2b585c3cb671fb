// Three nodes, each in a network namespace of its own, with a stream in leader mode and one in gossip mode under load from every node, that
// are put on trial: a test cuts what it likes; then everything heals, and what clients were told and the journals say is judged.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findLeaderless } from '../../../scripts/admin/health.ts'
import { askAll } from '../../../scripts/admin/round.ts'
import { checkout } from '../../../scripts/runtime/installation.mjs'
import { runWords } from '../../scripts/fake-cluster.ts'
import type { ClusterNode } from '../cluster-node.ts'
import type { Load } from '../leader/load.ts'
import { Trial } from '../leader/trial.ts'
import { until, untilDefined } from '../until.ts'
import { Network } from './network.ts'
import { Notes } from './notes.ts'

/** Each node has so many acknowledgements before anything is cut, and again after everything is healed. */
const acknowledgedAround = 30

/** Who leads, and who does not. */
export interface Roles {
  readonly leader: ClusterNode
  readonly follower: ClusterNode
  readonly third: ClusterNode
  /** Ids of the last two. */
  readonly others: string
}

export class PartitionTrial implements AsyncDisposable {
  readonly network: Network
  readonly trial: Trial
  readonly notes: Notes
  /** Publishers of the stream in leader mode. */
  readonly load: Load
  readonly #stack: AsyncDisposableStack

  private constructor(
    parts: Pick<PartitionTrial, 'network' | 'trial' | 'notes' | 'load'>,
    stack: AsyncDisposableStack,
  ) {
    this.network = parts.network
    this.trial = parts.trial
    this.notes = parts.notes
    this.load = parts.load
    this.#stack = stack
  }

  /** Resolves when all nodes take publications of both streams. */
  static async start(): Promise<PartitionTrial> {
    await using stack = new AsyncDisposableStack()
    const network = stack.use(await Network.start(['A', 'B', 'C']))
    const environment = { HERALD_COPIES_TIMEOUT: '1s' }
    const trial = stack.use(await Trial.start({ environment, sites: network.sites }))
    const notes = stack.use(await Notes.start(trial.cluster.nodes))
    const load = stack.use(await trial.load())
    await load.untilAcknowledged(trial.ids, acknowledgedAround)
    return new PartitionTrial({ network, trial, notes, load }, stack.move())
  }

  get nodes(): readonly ClusterNode[] {
    return this.trial.cluster.nodes
  }

  async roles(): Promise<Roles> {
    const leader = await this.trial.untilLed()
    const [follower, third] = this.nodes.filter((node) => node !== leader)
    assert(follower !== undefined && third !== undefined)
    return { leader, follower, third, others: follower.id + third.id }
  }

  /** Whom a node takes for the leader. */
  async leaderAt(node: ClusterNode): Promise<string | undefined> {
    return (await this.trial.order(node))?.leader
  }

  /** The term of the stream's group, as the log of a node has it. */
  async term(node: ClusterNode): Promise<number> {
    const group = (await this.trial.order(node))?.group
    return await untilDefined(`the log of ${node.id} has a term`, async () => {
      const { stdout } = await runWords(['log', 'inspect', node.options.dataPath, '--json'], {})
      const { groups = [] } = JSON.parse(stdout) as { groups?: readonly { group: number; term: number }[] }
      return groups.find((each) => each.group === group)?.term
    })
  }

  /** Resolves when `status` says of a node what the README says of one without a majority, and a publisher there is told the same. */
  async untilRefused(node: ClusterNode): Promise<void> {
    const readme = await readFile(join(checkout, 'README.md'), 'utf8')
    const [, words = ''] = /`(stream orders has no leader at C: [^`]+)`/.exec(readme) ?? []
    const expected = words.replace('at C:', `at ${node.id}:`)
    await until(`status says: ${expected}`, async () => {
      return findLeaderless(await askAll([node.admin], (admin) => admin.status())).includes(expected)
    })
    await until(`a publisher of ${node.id} is refused`, () => {
      const result = this.load.receipts(node.id).at(-1)?.result
      return result?.status === 'refused' && result.code === 'NO_LEADER'
    })
  }

  /** Heals everything, waits until all nodes acknowledge again, and asserts that nothing is lost, doubled or out of order. */
  async healAndJudge(): Promise<void> {
    await this.network.heal()
    await this.trial.cluster.untilLinked()
    await this.trial.untilLed()
    await this.load.untilAcknowledged(this.trial.ids, acknowledgedAround)
    await Promise.all([this.load.stop(), this.notes.stop()])
    await this.notes.judge()
    await this.trial.judge()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }
}
