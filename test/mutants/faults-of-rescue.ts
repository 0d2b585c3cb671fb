// Faults of what lies behind the fences of epochs: what is taken into the next one, and what is told as gone.

import type { Mutant } from './mutant.ts'

const ended = 'test/broker/ended-epochs.test.ts'
const inOrder = 'test/broker/subscribing-in-order.test.ts'
const numbering = 'test/leader/numbering.test.ts'
const rescue = 'test/broker/rescue.test.ts'
const world = 'test/sim/switching/switching-simulation.test.ts'

export const faultsOfRescue: readonly Mutant[] = [
  {
    name: 'nothing-rescued',
    file: 'node/broker/epochs.ts',
    text: 'this.#rescue.run(chain.map(({ replica }) => replica))',
    replacement: '',
    breaks: 'What others hold of a node that is gone, and was not heard when an epoch ended, is lost.',
    tests: [world],
  },
  {
    name: 'rescued-into-any-epoch',
    file: 'node/broker/rescue.ts',
    text: 'while (next <= to) {',
    replacement: 'while (next > 0) {',
    breaks: 'A message is taken into an epoch to which it does not belong.',
    tests: [rescue],
  },
  {
    name: 'rescued-once-for-all',
    file: 'node/broker/rescue.ts',
    text: 'submitted?.into === replica ? submitted.to : 0',
    replacement: 'submitted?.to ?? 0',
    breaks: 'What had no place when an epoch in leader mode ended is not submitted in the next one.',
    tests: [rescue],
  },
  {
    name: 'dropped-without-a-gap',
    file: 'node/broker/sealed-epoch.ts',
    text: 'if (to === undefined) return frames',
    replacement: 'if (to !== -1) return frames',
    breaks:
      'A node that was away for longer than retention gives numbers twice, or waits for places for ever.',
    tests: [ended],
  },
  {
    name: 'gap-gets-a-place',
    file: 'node/leader/numbering.ts',
    text: 'placeBatch(frame, end.epoch, isVoid(frame) ? 0 : end.last + 1)',
    replacement: 'placeBatch(frame, end.epoch, end.last + 1)',
    breaks: 'No member takes a gap, and what follows it waits for ever.',
    tests: [numbering],
  },
  {
    name: 'gap-passed-in-silence',
    file: 'node/broker/told-gap.ts',
    text: 'return frame !== undefined && isGap(frame)',
    replacement: 'return frame !== undefined && frame.length === 0 && isGap(frame)',
    breaks: 'Nobody is told of messages that were gone before they had a place.',
    tests: [inOrder],
  },
  {
    name: 'batch-behind-a-gap-refused',
    file: 'node/leader/numbering.ts',
    text: ': batchFrom(submitted, last + 1, allocate)',
    replacement: ': submitted',
    breaks: 'A batch of which a gap has taken the beginning, and all behind it, wait for ever.',
    tests: [numbering],
  },
  {
    name: 'hole-is-given-up-at-once',
    file: 'node/broker/holes.ts',
    text: 'now - Math.max(since, hole.since) >= holeWaitsMs',
    replacement: 'now >= hole.since',
    breaks: 'What another node was about to bring is told as gone.',
    tests: ['test/broker/rescue.test.ts'],
  },
  {
    name: 'hole-of-a-node-that-runs-is-given-up',
    file: 'node/broker/holes.ts',
    text: 'if (this.#isRunning(state)) return false',
    replacement: '',
    breaks: 'What a node still has itself is told as gone when retention has passed elsewhere.',
    tests: ['test/broker/rescue.test.ts'],
  },
]
