// Random histories of three agents: crashes, broken links, frames lost without a word, slow disks, leaders that hand over. One offset means
// one message, for everybody and for ever, and when all is healed everybody has everything.

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Random, randomBelow, seededRandom } from '../../node/core/common/random.ts'
import { LogFeed } from '../../node/core/stream/log-feed.ts'
import { batchFlag, batchOffset, batchPlace } from '../../node/wire/batch-header.ts'
import type { ClusterNode, Outcome } from './cluster-node.ts'
import { orders, textsOf } from './leader-batches.ts'
import { LeaderCluster } from './leader-cluster.ts'

const firstSeed = Number(process.env['HERALD_SEED'] ?? 1)
const seeds = 60
const rounds = 60
/** A floor that was lost without a word is sent again after ten seconds. */
const healedMs = 12_000

class History {
  readonly cluster: LeaderCluster
  readonly #random: Random
  /** Text by offset, as anybody has seen or was told it. */
  readonly seen: Map<number, string> = new Map()
  /** What all runs were told. */
  readonly outcomes: Map<string, Outcome>[] = []
  #texts = 0
  /** What happens from frame to frame, 0..1. */
  #loss = 0

  constructor(seed: number, ageMs: number) {
    this.#random = seededRandom(`history ${seed}`)
    const definition = { ...orders, retention: { bytes: 10_000_000, ageMs } }
    this.cluster = new LeaderCluster(`cluster ${seed}`, 'ABC', [definition])
    this.cluster.loses = () => this.#random() < this.#loss
    for (const node of this.cluster.all) this.outcomes.push(node.outcomes)
  }

  /** One thing happens, and some time passes. */
  round(): void {
    const { cluster } = this
    const node = this.#any(cluster.all)
    const dice = this.#below(20)
    if (dice < 8 && node.isUp) this.#publish(node)
    else if (dice === 8) this.#crash(node)
    else if (dice === 9) for (const each of cluster.all) this.#crash(each)
    else if (dice === 10) this.#loss = this.#random() < 0.5 ? 0 : 0.2
    else if (dice === 11) cluster.cut(node.id, this.#any(cluster.others(node)).id)
    else if (dice === 12) cluster.isolate(node.id)
    else if (dice === 13) for (const each of cluster.all) cluster.rejoin(each.id)
    else if (dice === 14) node.isDiskHeld = !node.isDiskHeld
    else if (dice === 15 && node.isUp) node.agent.handOver()
    else if (!node.isUp) this.#start(node)
    for (let steps = this.#below(6); steps > 0; steps--) cluster.step()
    if (this.#random() < 0.4) cluster.advance(50 * this.#below(20))
    this.look()
  }

  /** Everything works again, for long enough. */
  heal(): void {
    const { cluster } = this
    this.#loss = 0
    for (const node of cluster.all) {
      node.isDiskHeld = false
      cluster.rejoin(node.id)
      if (!node.isUp) this.#start(node)
    }
    cluster.elect()
    cluster.advance(healedMs)
    this.look()
  }

  /** Every offset is what it was for whoever looked before, and every node has its offsets in order. */
  look(): void {
    for (const node of this.cluster.up) {
      let last = 0
      for (const [offset, text] of offsetsOf(node)) {
        assert.ok(offset > last, `${node.id} has ${offset} behind ${last}`)
        last = offset
        this.#see(offset, text)
      }
    }
    for (const outcomes of this.outcomes) {
      for (const [text, outcome] of outcomes) if (typeof outcome === 'object') this.#see(outcome.offset, text)
    }
  }

  #see(offset: number, text: string): void {
    const known = this.seen.get(offset) ?? text
    assert.equal(text, known, `offset ${offset}`)
    this.seen.set(offset, text)
  }

  /** Small batches, and now and then one that is too large for a slab. */
  #publish(node: ClusterNode): void {
    const texts = Array.from({ length: 1 + this.#below(4) }, () => {
      const filling = this.#random() < 0.1 ? '.'.repeat(1500) : ''
      return `${node.id}${++this.#texts}${filling}`
    })
    node.publish(...texts)
  }

  #crash(node: ClusterNode): void {
    if (node.isUp) this.cluster.crash(node.id, this.#below(2) * this.#below(200))
  }

  #start(node: ClusterNode): void {
    node.start()
    this.outcomes.push(node.outcomes)
  }

  #any<Item>(items: readonly Item[]): Item {
    return items[this.#below(items.length)] as Item
  }

  #below(bound: number): number {
    return randomBelow(this.#random, bound)
  }
}

/** What a node holds, by offset. */
function* offsetsOf(node: ClusterNode): Generator<[number, string]> {
  const feed = new LogFeed(node.replica(), { kind: 'after', vector: new Map(), others: 'zero' })
  for (let item = feed.next(); item !== undefined; item = feed.next()) {
    if (item.kind === 'gap') continue
    const { frame } = item.entry
    assert.ok(frame)
    assert.equal((frame[batchOffset.flags] ?? 0) & batchFlag.submitted, 0)
    for (const [nth, text] of textsOf(frame).entries()) yield [batchPlace(frame) + nth, text]
  }
}

function assertSettled({ cluster, seen }: History): void {
  assert.equal(new Set(seen.values()).size, seen.size, 'nothing has two places')
  const places = new Map([...seen].map(([offset, text]) => [text, offset]))
  for (const node of cluster.all) {
    const own = [...node.outcomes.keys()].flatMap((text) => places.get(text) ?? [])
    assert.deepEqual(
      own,
      own.toSorted((a, b) => a - b),
    )
    assert.ok([...node.outcomes.values()].every((outcome) => outcome !== 'waiting'))
  }
}

/** Without retention: every offset up to the last is somebody's, and the present runs have lost nothing, told to be unknown or not. */
function assertComplete({ cluster, seen }: History): void {
  const offsets = [...seen.keys()].sort((a, b) => a - b)
  assert.deepEqual(
    offsets,
    Array.from(offsets, (_, at) => at + 1),
  )
  const texts = new Set(seen.values())
  for (const node of cluster.all) for (const text of node.outcomes.keys()) assert.ok(texts.has(text), text)
}

/** A random history, healed. */
function play(seed: number, ageMs: number): History {
  const history = new History(seed, ageMs)
  for (let round = 0; round < rounds; round++) history.round()
  history.heal()
  return history
}

/** Plays the histories of all seeds, and names the one that fails. */
function playAll(context: TestContext, ageMs: number, check: (history: History) => void): void {
  context.diagnostic(`seeds ${firstSeed} to ${firstSeed + seeds - 1}`)
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    try {
      check(play(seed, ageMs))
    } catch (cause) {
      throw new Error(`HERALD_SEED=${seed} finds this`, { cause })
    }
  }
}

test('one offset is one message in random histories, and in the end everybody has all of them', (context) => {
  playAll(context, 600_000_000, (history) => {
    assertSettled(history)
    assertComplete(history)
  })
})

test('one offset is one message in random histories, also where retention drops them soon', (context) => {
  playAll(context, 2000, assertSettled)
})

test('the same seed gives the same history', () => {
  const transcript = (): unknown => {
    const history = play(firstSeed, 2000)
    const disks = history.cluster.all.map(({ disk }) => [...disk.files])
    return [[...history.seen], history.outcomes, disks, history.cluster.now]
  }
  assert.deepEqual(transcript(), transcript())
})
