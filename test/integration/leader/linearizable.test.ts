// Committed reads on every node beside publishers on every node, while who leads is killed, stopped and cut off: the history of both must be
// linearizable. A read sees everything that was acknowledged before it began, and what any read before it has seen, and that is there at the end.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClusterNode } from '../cluster-node.ts'
import { until } from '../until.ts'
import type { CommittedReaders } from './committed-readers.ts'
import { rounds, Trial } from './trial.ts'

/** Does something to who leads, undoes it, and resolves then. */
type Fault = (trial: Trial, leader: ClusterNode, work: Work) => Promise<void>

interface Work {
  readonly readers: CommittedReaders
  /** Resolves when publishers and readers on these nodes have gone on. */
  readonly untilWorked: (nodes: readonly string[]) => Promise<void>
}

/** Under load and committed reads, does one thing after the other to who leads then; and the verdict over everything. */
async function hurt(trial: Trial, faults: readonly Fault[]): Promise<void> {
  await using load = await trial.load()
  await using readers = await trial.readers()
  const untilWorked = async (nodes: readonly string[]): Promise<void> => {
    await Promise.all([load.untilAcknowledged(nodes, 30), readers.untilRead(nodes, 20)])
  }
  for (const fault of Array.from({ length: rounds }, () => faults).flat()) {
    await untilWorked(trial.ids)
    await fault(trial, await trial.untilLed(), { readers, untilWorked })
    await untilWorked(trial.ids)
  }
  await load.stop()
  await readers.stop()
  const history = await trial.judge()
  const reads = history.operations.filter(({ kind, outcome }) => kind === 'read' && outcome === 'ok')
  assert(reads.length >= 120, `${reads.length} reads were judged`)
}

function othersOf(trial: Trial, { id }: ClusterNode): readonly string[] {
  return trial.ids.filter((each) => each !== id)
}

test('committed reads are linearizable while who leads is killed, again and again', async () => {
  await using trial = await Trial.start()
  const kill: Fault = async (_, leader, { untilWorked }) => {
    await leader.kill()
    await untilWorked(othersOf(trial, leader))
    await leader.start()
    await trial.untilCaughtUp(leader)
  }
  await hurt(trial, [kill, kill, kill])
})

test('committed reads are linearizable while all nodes are killed at once', async () => {
  await using trial = await Trial.start()
  const killAll: Fault = async ({ cluster }) => {
    await Promise.all(cluster.nodes.map((node) => node.kill()))
    await cluster.startAll()
    await trial.untilLed()
  }
  await hurt(trial, [killAll, killAll])
})

test('a leader that was stopped answers no committed read with what it knew, though it is asked before it goes on', async () => {
  await using trial = await Trial.start({ proxied: true })
  const stopping =
    (isSilent: boolean): Fault =>
    async ({ cluster }, leader, { untilWorked }) => {
      const others = othersOf(trial, leader)
      leader.signal('SIGSTOP')
      if (isSilent) cluster.blackhole(leader.id, others.join(''))
      await trial.untilLed(...others)
      // Meanwhile every reader of the one that stands still has asked it, and waits.
      await untilWorked(others)
      const goesOnAt = performance.now()
      leader.signal('SIGCONT')
      await untilAnswered(trial, leader, goesOnAt)
      if (isSilent) cluster.heal(leader.id, others.join(''))
    }
  await hurt(trial, [stopping(false), stopping(true), stopping(false)])
})

/** What a node was asked before a moment it has answered after it. */
async function untilAnswered(trial: Trial, { id }: ClusterNode, moment: number): Promise<void> {
  await until(`${id} answers what it was asked before`, () =>
    trial.recorder.reads.some(
      ({ process, calledAt, returnedAt = 0, outcome }) =>
        process.endsWith(` on ${id}`) && calledAt < moment && returnedAt > moment && outcome !== 'unknown',
    ),
  )
}

test('committed reads are linearizable while who leads is cut off, in both directions or in one', async () => {
  await using trial = await Trial.start({ proxied: true })
  const { cluster } = trial
  const isolating =
    (isolate: (leader: string, others: string) => void): Fault =>
    async (_, leader, { readers, untilWorked }) => {
      const others = othersOf(trial, leader)
      const refused = readers.ended(leader.id, 'refused').length
      isolate(leader.id, others.join(''))
      await trial.untilLed(...others)
      await untilWorked(others)
      await untilRefused(readers, leader, refused)
      cluster.heal(leader.id, others.join(''))
      await trial.untilCaughtUp(leader)
    }
  await hurt(trial, [
    isolating((leader, others) => cluster.cut(leader, others)),
    isolating((leader, others) => cluster.blackhole(leader, others)),
    isolating((leader, others) => cluster.mute(leader, others)),
  ])
})

/** Who is cut off knows of nothing that the others acknowledge, and says so. */
async function untilRefused(readers: CommittedReaders, { id }: ClusterNode, before: number): Promise<void> {
  await until(`${id} refuses committed reads`, () => readers.ended(id, 'refused').length > before)
}
