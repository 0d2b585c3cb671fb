// The small scope is explored as a whole: every case is another one and the same every time, and faults that are planted are found.

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Epochs } from '../../../node/broker/epochs.ts'
import { Replica } from '../../../node/core/stream/replica.ts'
import { SubmissionDesk } from '../../../node/leader/desk.ts'
import type { Outcome } from '../../../sim/run.ts'
import {
  ExploredScript,
  exploredCases,
  exploredFirst,
  toCase,
  toExploredPlan,
} from '../../../sim/switching/exploration.ts'
import { SwitchingSimulation } from '../../../sim/switching/switching-simulation.ts'

function runCase(number: number): Outcome {
  const explored = toCase(number)
  return new SwitchingSimulation(
    toExploredPlan(explored),
    undefined,
    (world, [name = '']) => new ExploredScript(world, explored, name),
  ).run()
}

test('every case is another one: those with one fault at any time come first, then two at coarse times', () => {
  const [crashes, silences, coarse, bases] = [64 * 3 * 2, 16 * 3 * 4, 4 * 3 * 2 * (2 * 3 * 4), 8]
  assert.equal(exploredCases, bases * (1 + crashes) * (1 + silences))
  assert.equal(exploredFirst, bases * (1 + crashes + silences + coarse))
  const cases = Array.from({ length: exploredFirst }, (_, at) => JSON.stringify(toCase(at + 1)))
  assert.equal(new Set(cases).size, exploredFirst)
  assert.throws(() => toCase(exploredCases + 1), RangeError)
})

test('a case is the same run every time, in which the mode changes and every message comes in both modes', () => {
  const [first, second] = [runCase(2), runCase(2)]
  assert.deepEqual(
    [first.failure, first.traceHash, first.events],
    [undefined, second.traceHash, second.events],
  )
  assert.ok((first.counts.get('epochs') ?? 0) >= 3)
  const delivered = ['by gossip', 'in order'].map((how) => first.counts.get(`messages delivered ${how}`) ?? 0)
  assert.equal((delivered[0] ?? 0) + (delivered[1] ?? 0), 6 * 3)
  assert.ok(delivered.every((messages) => messages > 0))
})

test('what nobody but its own node had when that crashed may lie behind the end of its epoch (case 1593)', () => {
  assert.equal(runCase(1593).failure, undefined)
})

type Report = ReturnType<ReturnType<Epochs['onSealed']>['report']>

/** Members say something else of a sealed epoch than what they have. */
function changeReports({ mock }: TestContext, change: (report: Report) => Report): void {
  const onSealed = Epochs.prototype.onSealed
  mock.method(
    Epochs.prototype,
    'onSealed',
    function (this: Epochs, ...[stream]: Parameters<typeof onSealed>) {
      const { next, report } = onSealed.call(this, stream)
      return { next, report: () => change(report()) }
    },
  )
}

/** What is broken, and one of the cases that find it. */
const plants: Readonly<Record<string, readonly [(context: TestContext) => void, number]>> = {
  'a sealed epoch goes on delivering': [
    ({ mock }) => mock.method(Replica.prototype, 'freeze', () => undefined),
    1,
  ],
  'what is left over of an epoch is forgotten': [
    ({ mock }) => mock.method(SubmissionDesk.prototype, 'addLeftOver', () => undefined),
    408,
  ],
  'what had no place when gossip mode begins is forgotten': [
    ({ mock }) => mock.method(Epochs.prototype, 'publishAgain', () => undefined),
    1,
  ],
  'a member leaves out the last message that it has numbered': [
    (context) => changeReports(context, (report) => ({ ...report, own: Math.max(0, report.own - 1) })),
    1561,
  ],
  'a member leaves out what it has of a node that crashed': [
    (context) => changeReports(context, (report) => ({ ...report, held: new Map() })),
    1689,
  ],
}

for (const [what, [plant, number]] of Object.entries(plants)) {
  test(`it finds that ${what} (case ${number})`, (context) => {
    assert.equal(runCase(number).failure, undefined, 'without the fault')
    plant(context)
    assert.notEqual(runCase(number).failure, undefined)
  })
}
