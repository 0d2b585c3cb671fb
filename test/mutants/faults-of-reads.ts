// Faults of reads through a leader, and of who follows it.

import type { Mutant } from './mutant.ts'

const snapshotsAndReads = 'test/core/raft/paper-snapshots-reads.test.ts'
const pitfalls = 'test/core/raft/pitfalls.test.ts'
const bounds = 'test/core/raft/bounds.test.ts'

export const faultsOfReads: readonly Mutant[] = [
  {
    name: 'read-confirmed-by-an-older-round',
    file: 'node/core/raft/reads.ts',
    text: 'round === this.#round && this.#asked !== undefined',
    replacement: 'round <= this.#round && this.#asked !== undefined',
    breaks: 'An answer from before a read was asked for says that its leader still leads.',
    tests: [pitfalls],
  },
  {
    name: 'read-index-reused',
    file: 'node/core/raft/reads.ts',
    text: 'if (this.#asked !== undefined || this.#waiting.length === 0) return false\n    this.#asked = { index: commit, reads: this.#waiting }',
    replacement:
      'if (this.#waiting.length === 0) return false\n    this.#asked = { index: this.#asked?.index ?? commit, reads: [...(this.#asked?.reads ?? []), ...this.#waiting] }',
    breaks: 'A read that comes during a round is answered with the index of that round.',
    tests: [snapshotsAndReads, pitfalls, bounds],
  },
  {
    name: 'read-before-own-term',
    file: 'node/core/raft/read-handlers.ts',
    text: 'if (raft.hasCommittedInTerm) raft.reads.add({ from, request })',
    replacement: "if (raft.role === 'leader') raft.reads.add({ from, request })",
    breaks: 'A new leader answers a read before it knows what is committed.',
    tests: [snapshotsAndReads],
  },
  {
    name: 'reads-outlive-leadership',
    file: 'node/core/raft/state.ts',
    text: 'this.reads.clear()',
    replacement: '',
    breaks: 'A read that a deposed leader took is answered when it leads again, with an old index.',
    tests: [pitfalls],
  },
  {
    name: 'read-without-a-majority',
    file: 'node/core/raft/read-handlers.ts',
    text: "if (raft.configuration.voteResult(votes) !== 'won') return",
    replacement: "if (raft.configuration.voteResult(votes) === 'pending') return",
    breaks: 'A leader that was deposed, and does not know it, answers reads.',
    tests: [pitfalls],
  },
  {
    name: 'read-of-the-epoch-before',
    file: 'node/stream-admin.ts',
    text: '  const replica = find()',
    replacement: '  const replica = asked',
    breaks: 'A committed read on a node that was cut off ends where the epoch did that it knew.',
    tests: ['test/integration/leader/committed.test.ts'],
  },
  {
    name: 'learner-follows-for-ever',
    file: 'node/core/raft/ticks.ts',
    text: '} else raft.leader = nobody',
    replacement: '}',
    breaks: 'A node that does not vote names a leader that is gone, and its publishers wait.',
    tests: ['test/core/raft/membership.test.ts'],
  },
]
