// Faults of streams in leader mode: places in the order, floors, submissions, reads.

import type { Mutant } from './mutant.ts'

const ledger = 'test/leader/ledger.test.ts'
const numbering = 'test/leader/numbering.test.ts'
const machine = 'test/leader/data-machine.test.ts'
const streams = 'test/leader/streams.test.ts'
const submissions = 'test/leader/submissions.test.ts'
const desk = 'test/leader/desk.test.ts'
const reads = 'test/leader/reads.test.ts'
const agent = 'test/leader/agent.test.ts'

export const faultsOfPlaces: readonly Mutant[] = [
  {
    name: 'status-hides-a-minority',
    file: 'node/leader/stream-status.ts',
    text: 'groups.leaderProblem(replica)?.refused',
    replacement: 'data === undefined ? groups.leaderProblem(replica)?.refused : undefined',
    breaks: 'The status of a stream does not say that this node refuses publications.',
    tests: [agent],
  },
  {
    name: 'ledger-takes-any-sequence',
    file: 'node/leader/ledger.ts',
    text: 'from === (stream.sequences.get(boot) ?? 0) + 1 && batchPlace(frame) === offset',
    replacement: 'batchPlace(frame) === offset',
    breaks: 'A message that was put into the log twice has two places.',
    tests: [ledger],
  },
  {
    name: 'ledger-takes-any-offset',
    file: 'node/leader/ledger.ts',
    text: 'from === (stream.sequences.get(boot) ?? 0) + 1 && batchPlace(frame) === offset',
    replacement: 'from === (stream.sequences.get(boot) ?? 0) + 1',
    breaks: 'Two messages have one offset, or offsets have holes.',
    tests: [ledger],
  },
  {
    name: 'producer-stored-twice',
    file: 'node/leader/ledger.ts',
    text: ' || !takeProducer(this.producers, frame)',
    replacement: '',
    breaks: 'A retry of a named producer that two leaders have put into the log is stored twice.',
    tests: [ledger, 'test/leader/producers.test.ts', 'test/leader/producers-cluster.test.ts'],
  },
  {
    name: 'ledger-takes-any-epoch',
    file: 'node/leader/ledger.ts',
    text: '!isNext || batchEpoch(frame) !== stream.epoch',
    replacement: '!isNext',
    breaks: 'A batch that was numbered for an epoch that has ended gets a place in the next one.',
    tests: [ledger],
  },
  {
    name: 'gossip-ends-without-a-seal',
    file: 'node/leader/ledger.ts',
    text: "(known?.definition.mode === 'gossip' && !known.isSealing)",
    replacement: "(known?.definition.mode === 'gossip' && known.epoch < 0)",
    breaks: 'An epoch in gossip mode ends though nobody was asked what it has.',
    tests: [ledger],
  },
  {
    name: 'duplicate-filter-off',
    file: 'node/leader/numbering.ts',
    text: 'if (from !== last + 1) return',
    replacement: 'if (from > last + 1) return',
    breaks: 'A submission that is sent again gets a second place.',
    tests: [numbering],
  },
  {
    name: 'hole-numbered',
    file: 'node/leader/numbering.ts',
    text: 'if (from !== last + 1) return',
    replacement: 'if (from < last + 1) return',
    breaks: 'A batch gets its place before the one that its publisher sent first.',
    tests: [numbering],
  },
  {
    name: 'closed-epoch-gives-places',
    file: 'node/leader/numbering.ts',
    text: 'if (end === undefined || end.isClosed) return',
    replacement: 'if (end === undefined) return',
    breaks: 'An epoch in leader mode that is to end goes on giving places.',
    tests: [numbering],
  },
  {
    name: 'places-while-others-lead',
    file: 'node/leader/data-machine.ts',
    text: 'if (isLeading) this.#lead()',
    replacement: 'this.#lead()',
    breaks: 'A member that does not lead, or may not yet, gives places.',
    tests: [machine],
  },
  {
    name: 'floor-beyond-retention',
    file: 'node/leader/data-machine.ts',
    text: "command?.op === 'batch' && !streams.isDropped(command.frame)",
    replacement: "command?.op === 'batch' && index < 0",
    breaks: 'A floor stands for messages that retention still covers, and they are gone.',
    tests: [machine],
  },
  {
    name: 'floor-beyond-applied',
    file: 'node/leader/data-machine.ts',
    text: 'index <= applied; index++',
    replacement: 'index <= log.lastIndex; index++',
    breaks: 'A floor stands for entries that are not committed.',
    tests: [machine],
  },
  {
    name: 'floor-without-a-gap',
    file: 'node/core/stream/replica.ts',
    text: 'if ((state.position ?? 0) < to) state.gone.add((state.position ?? 0) + 1, to)',
    replacement: '',
    breaks: 'What a floor stands for is passed over in silence.',
    tests: [streams],
  },
  {
    name: 'place-of-another',
    file: 'node/leader/submissions.ts',
    text: 'first.to === to ? placed : undefined',
    replacement: 'placed',
    breaks: 'A publisher is told the place of a batch behind its own.',
    tests: [submissions],
  },
  {
    name: 'submissions-not-sent-again',
    file: 'node/leader/submissions.ts',
    text: 'this.#unsent = this.#pending.first\n',
    replacement: '\n',
    breaks: 'What was sent to a leader that was lost never gets a place.',
    tests: [submissions],
  },
  {
    name: 'frame-on-a-link-written-to',
    file: 'node/leader/desk.ts',
    text: 'numbering.submit(node, copy, definition)',
    replacement: 'numbering.submit(node, frame, definition)',
    breaks: 'A frame that waits on a link changes under it.',
    tests: [desk],
  },
  {
    name: 'link-unbounded',
    file: 'node/leader/desk.ts',
    text: '(queuedBytes(node) ?? Number.POSITIVE_INFINITY) < this.#options.limits.linkBytesMax',
    replacement: 'queuedBytes(node) !== undefined',
    breaks: 'A slow link is handed more than may wait on it.',
    tests: [agent],
  },
  {
    name: 'read-done-before-applied',
    file: 'node/leader/reads.ts',
    text: 'read.index !== undefined && read.index <= applied',
    replacement: 'read.index !== undefined',
    breaks: 'Who wants what is current begins before this node has it.',
    tests: [reads],
  },
  {
    name: 'old-read-answered',
    file: 'node/leader/reads.ts',
    text: 'this.#reads.delete(request)\n        this.#ask(read)',
    replacement: 'this.#ask(read)',
    breaks: 'The late answer to a read that was asked again counts, and says less than it must.',
    tests: [reads],
  },
  {
    name: 'no-leader-not-told',
    file: 'node/leader/data-groups.ts',
    text: 'now() - since < limits.refusesAfterMs',
    replacement: 'since >= 0',
    breaks: 'Publishers wait without a word while nobody can give places.',
    tests: [agent],
  },
  {
    name: 'submitted-unbounded',
    file: 'node/leader/agent.ts',
    text: 'waiting > this.#limits.submittedBytesMax',
    replacement: 'waiting < 0',
    breaks: 'More and more waits for a place.',
    tests: [agent],
  },
  {
    name: 'full-name-waits-for-ever',
    file: 'node/leader/names/wishes.ts',
    text: 'known?.vector !== undefined && changes.size === 0',
    replacement: 'known?.vector !== undefined && changesTo(known.vector, vector).size === 0',
    breaks:
      'A durable subscription behind too many restarts waits for ever, and its group writes without end.',
    tests: ['test/broker/leader-names.test.ts'],
  },
]
