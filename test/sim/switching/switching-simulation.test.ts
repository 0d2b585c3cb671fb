// The switching world keeps its promises about itself: seeds pass, and a seed is the same run twice. Seeds that found a defect have a name.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Outcome } from '../../../sim/run.ts'
import { drawSwitchingPlan, type SwitchingPlan } from '../../../sim/switching/plan.ts'
import { SwitchingSimulation } from '../../../sim/switching/switching-simulation.ts'

function runSeed(seed: number): Outcome<SwitchingPlan> {
  return new SwitchingSimulation(drawSwitchingPlan(seed)).run()
}

const defects: Readonly<Record<string, readonly number[]>> = {
  'a node that was away while a stream changed its mode twice numbers on behind what it has numbered': [
    6, 25, 35, 30093,
  ],
  'where a subscription stands is not forgotten with the epoch in which it was read': [17, 42, 46],
  'what was left over of another node is of that node, whoever submits it': [7, 50],
  'an interest that begins in an epoch that has ended does not go on for ever': [49, 66],
  'a subscription that begins in an epoch that has ended is told what is gone of it, and goes on': [
    26, 520, 10235, 10655,
  ],
  'a cursor from an epoch of which this node has nothing, or never had, gets it from the others': [
    265, 20073, 20115,
  ],
  'what is held of a node that is gone is saved into a later epoch, whenever it came': [42, 152],
  'what a node has published and dropped while it was away is a gap, and its numbers go on': [
    95, 130, 138, 140,
  ],
  'an origin that has stopped is not forgotten as soon as an epoch begins, nor before one that has ended': [
    20852, 31423,
  ],
  'whoever reads in an epoch of which a floor stands for the rest is told so, and goes on': [30818, 31199],
}

for (const [what, seeds] of Object.entries(defects)) {
  test(`${what} (seeds ${seeds.join(', ')})`, () => {
    for (const seed of seeds) assert.equal(runSeed(seed).failure?.message, undefined, `seed ${seed}`)
  })
}

test('a seed of the switching world is the same run every time, with changes of the mode in it', () => {
  const [first, second] = [runSeed(1), runSeed(1)]
  assert.deepEqual([first.traceHash, first.events], [second.traceHash, second.events])
  assert.notEqual(first.traceHash, runSeed(2).traceHash)
  assert.ok((first.counts.get('epochs') ?? 0) > 1)
  for (const mode of ['by gossip', 'in order'])
    assert.ok((first.counts.get(`messages delivered ${mode}`) ?? 0) > 0)
})
