// Faults of the epochs on a node: what is kept of them, who goes on in which, and what is asked for.

import type { Mutant } from './mutant.ts'

const epochs = 'test/broker/epochs.test.ts'
const ended = 'test/broker/ended-epochs.test.ts'
const start = 'test/broker/start.test.ts'
const streams = 'test/leader/streams.test.ts'
const world = 'test/sim/switching/switching-simulation.test.ts'

export const faultsOfEpochs: readonly Mutant[] = [
  {
    name: 'no-freeze-at-the-seal',
    file: 'node/broker/epochs.ts',
    text: 'replica.freeze()',
    replacement: '',
    breaks: 'A member delivers, after it has said what it has, what may lie behind the fence.',
    tests: [epochs],
  },
  {
    name: 'left-over-forgotten',
    file: 'node/broker/epochs.ts',
    text: 'return leftOver(replica, fence)',
    replacement: 'return []',
    breaks: 'What lies behind the fence is lost.',
    tests: [epochs],
  },
  {
    name: 'epoch-begins-twice',
    file: 'node/broker/epochs.ts',
    text: 'if (before !== undefined && before.number >= epoch) return []',
    replacement: '',
    breaks: 'A floor that speaks of the present epoch begins it anew, and its subscribers lose it.',
    tests: [epochs],
  },
  {
    name: 'rest-of-an-epoch-not-asked-for',
    file: 'node/broker/epochs.ts',
    text: 'if (from <= to) this.#host.handle',
    replacement: 'if (from > to) this.#host.handle',
    breaks: 'What a node lacks of an epoch that has ended nobody asks for, and its subscribers wait.',
    tests: [epochs],
  },
  {
    name: 'published-again-out-of-sequence',
    file: 'node/broker/epochs.ts',
    text: 'replica === undefined || batchSequence(frame) !== next',
    replacement: 'replica === undefined',
    breaks: 'A batch that already belongs to the epoch before is published a second time.',
    tests: [epochs],
  },
  {
    name: 'gossip-numbers-from-one',
    file: 'node/broker/epochs.ts',
    text: 'state.beginBehind(to)',
    replacement: '',
    breaks: 'An origin numbers from 1 again where a stream is back in gossip mode.',
    tests: [epochs],
  },
  {
    name: 'left-over-behind-a-hole',
    file: 'node/broker/sealed-epoch.ts',
    text: 'entry?.from === next; entry',
    replacement: 'entry !== undefined; entry',
    breaks: 'What goes on in the next epoch has holes, and is not taken there.',
    tests: [epochs],
  },
  {
    name: 'report-over-holes',
    file: 'node/broker/sealed-epoch.ts',
    text: 'for (const hole of log.missing(from, last)) {',
    replacement: 'for (const hole of log.missing(last, last)) {',
    breaks: 'A member says that it holds what it does not.',
    tests: [epochs],
  },
  {
    name: 'empty-epoch-forgotten',
    file: 'node/broker/epochs.ts',
    text: 'this.#isOwed(chain.slice(at + 1), name),',
    replacement: 'at === chain.length - 1,',
    breaks: 'A subscriber that is behind is told a gap over an epoch whose messages are still to come.',
    tests: [ended],
  },
  {
    name: 'positions-forgotten-with-the-epoch',
    file: 'node/broker/subscriber.ts',
    text: 'this.#carried = joinPositions(this.#carried, [[replica.name, feed.positions()]])',
    replacement: '',
    breaks: 'A subscription that resumes after a change of the mode gets messages twice.',
    tests: [epochs],
  },
  {
    name: 'interest-behind-the-fence',
    file: 'node/core/gossip/interest.ts',
    text: 'const end = Math.min(own.last, own.limit)',
    replacement: 'const end = own.last',
    breaks: 'A node whose subscription begins in an epoch that has ended never comes back from that.',
    tests: [world],
  },
  {
    name: 'ended-epoch-not-completed',
    file: 'node/broker/broker.ts',
    text: 'this.epochs.complete(replica)',
    replacement: '',
    breaks: 'A subscription that begins in an epoch that has ended waits for ever for what is gone.',
    tests: [world],
  },
  {
    name: 'ended-epoch-forgotten-at-once',
    file: 'node/broker/epochs.ts',
    text: 'if (hasMessages) epoch.keptTo = this.#host.now() + retention.ageMs',
    replacement: '',
    breaks: 'A cursor from an ended epoch of which this node has nothing passes over what the others hold.',
    tests: [ended],
  },
  {
    name: 'cursor-passes-strangers',
    file: 'node/broker/start.ts',
    text: 'return [...fence].some(([boot, to]) => (vector.get(boot) ?? 0) < to)',
    replacement: 'return [...fence].some(([boot, to]) => vector.has(boot) && (vector.get(boot) ?? 0) < to)',
    breaks: 'A cursor that knows nothing of an origin begins behind the epochs in which it published.',
    tests: [start],
  },
  {
    name: 'epoch-begins-without-a-past',
    file: 'node/leader/streams.ts',
    text: 'if (to > 0) state.gone.add(1, to)',
    replacement: '',
    breaks: 'Who comes to an epoch without what was before it waits for that for ever.',
    tests: [streams],
  },
  {
    name: 'origins-forgotten-as-an-epoch-begins',
    file: 'node/broker/epochs.ts',
    text: '      const state = replica.originState(node, boot, this.#host.now())\n      state.beginBehind(to)',
    replacement: '      const state = replica.originState(node, boot, 0)\n      state.beginBehind(to)',
    breaks: 'What others hold of origins that have stopped is not asked for in an epoch that begins.',
    tests: [ended],
  },
  {
    name: 'retention-for-each-epoch',
    file: 'node/broker/epochs.ts',
    text: 'shareRetention(chain)\n',
    replacement: '\n',
    breaks: 'Every change of the mode lets a stream hold as much again as its retention allows.',
    tests: [ended],
  },
]
