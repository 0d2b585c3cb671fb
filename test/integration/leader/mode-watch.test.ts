// `herald mode --watch` as a process, beside a real cluster whose stream changes its mode under load: it prints each phase when it comes, also
// while a node hangs. Seals wait until their line is there, since the test has cut the links that they need to end.

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { readStart } from '../../../scripts/fleet/process-table.ts'
import { type RunningCommand, spawnHerald } from '../../scripts/command-session.ts'
import type { Cluster } from '../cluster.ts'
import { until } from '../until.ts'
import { cutAll, healAll, phaseOf, seal, startUnled, untilAll } from './sealed-epoch.ts'

test('mode --watch prints the phases of a real change to leader mode and back, in their order, until it is interrupted', async () => {
  const roles = await startUnled()
  const { trial, other } = roles
  await using _trial = trial
  await using watch = await startWatch(trial.cluster)
  await watch.untilPrinted('gossip mode, epoch 2, open')
  await seal(roles, { isUnheard: false })
  cutAll(roles)
  for (const node of trial.cluster.nodes)
    assert.equal(await phaseOf(node), 'gossip mode, epoch 2, sealing', 'the cut is in the seal')
  await watch.untilPrinted('gossip mode, epoch 2, sealing')
  healAll(roles)
  await watch.untilPrinted('leader mode, epoch 3, open')
  await trial.untilAcknowledged(30)
  assert.equal(await trial.setMode(other, 'gossip'), 4)
  await watch.untilPrinted('gossip mode, epoch 4, open')
  assert.deepEqual(await watch.interrupt(), { exitCode: 130, stderr: '' })
  assert.deepEqual(watch.phases(), [
    'gossip mode, epoch 2, open',
    'gossip mode, epoch 2, sealing',
    'leader mode, epoch 3, open',
    'gossip mode, epoch 4, open',
  ])
  await trial.judge()
})

test('mode --watch shows a seal while it waits for a node that does not answer', async () => {
  const roles = await startUnled()
  const { trial, leader, follower: silent, other } = roles
  await using _trial = trial
  await using watch = await startWatch(trial.cluster, '--timeout', '1m')
  await watch.untilPrinted('gossip mode, epoch 2, open')
  silent.signal('SIGSTOP')
  trial.setMode(other, 'leader').catch(() => undefined)
  const others = [leader, other]
  await untilAll(roles, 'gossip mode, epoch 2, sealing', others)
  trial.cluster.cut(leader.id, other.id)
  for (const node of others)
    assert.equal(await phaseOf(node), 'gossip mode, epoch 2, sealing', 'the cut is in the seal')
  await watch.untilPrinted('gossip mode, epoch 2, sealing', silent.id)
  trial.cluster.heal(leader.id, other.id)
  await watch.untilPrinted('leader mode, epoch 3, open', silent.id)
  silent.signal('SIGCONT')
  await watch.untilPrinted('leader mode, epoch 3, open')
  assert.deepEqual(await watch.interrupt(), { exitCode: 130, stderr: '' })
  await trial.judge()
})

interface Watch extends AsyncDisposable {
  /** Resolves when it has printed that all nodes are in this phase, or all but one. */
  untilPrinted(phase: string, lagging?: string): Promise<void>
  /** Each phase once as it was printed, whoever was in it and led. */
  phases(): readonly string[]
  interrupt(): Promise<{ readonly exitCode: number; readonly stderr: string }>
}

const line =
  /^\d{4}-\d\d-\d\dT[\d:.]+Z {2}stream orders: (\w+ mode, epoch \d+, \w+)(?:, led by [ABC])?(?: \(not yet on ([ABC, ]+)\))?$/

/** `herald mode orders --watch`, for which the cluster of the test is one of `herald up`. */
async function startWatch({ folder, nodes }: Cluster, ...words: readonly string[]): Promise<Watch> {
  const state = nodes.map(({ id, pid, options: { port, adminPort } }) => {
    return { id, port, adminPort, process: { pid, startedAt: readStart(pid) } }
  })
  await writeFile(join(folder, 'cluster.json'), JSON.stringify({ version: 1, nodes: state }))
  const command = spawnHerald(['mode', 'orders', '--watch', ...words], { HERALD_HOME: folder })
  const printed: { readonly phase: string; readonly lagging: string }[] = []
  readLines(command, (text) => {
    const [, phase, lagging = ''] = line.exec(text) ?? []
    printed.push({ phase: phase ?? `not of a phase: ${text}`, lagging })
  })
  return {
    untilPrinted: (phase, lagging = '') =>
      until(`--watch prints: ${phase}`, () => {
        assert.equal(command.child.exitCode, null, 'it has ended')
        return printed.some((each) => each.phase === phase && each.lagging === lagging)
      }),
    phases: () => printed.map(({ phase }) => phase).filter((phase, at, all) => phase !== all[at - 1]),
    interrupt: async () => {
      command.child.kill('SIGINT')
      await until('--watch has ended', () => command.child.exitCode !== null)
      const { exitCode, stderr } = await command.outcome
      return { exitCode, stderr }
    },
    [Symbol.asyncDispose]: async () => {
      command.child.kill('SIGKILL')
      await command.outcome
    },
  }
}

/** Calls back for each line of standard output that is whole. */
function readLines({ child }: RunningCommand, onLine: (text: string) => void): void {
  let rest = ''
  child.stdout.on('data', (piece: Buffer) => {
    const lines = (rest + piece.toString('utf8')).split('\n')
    rest = lines.pop() ?? ''
    for (const text of lines) onLine(text)
  })
}
