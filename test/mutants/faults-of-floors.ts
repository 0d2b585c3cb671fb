// Faults of floors that keep what is retained.

import type { Mutant } from './mutant.ts'

const frames = 'test/groups/groups.test.ts'
const kept = 'test/leader/kept-batches.test.ts'
const groupLog = 'test/groups/group-log.test.ts'
const groups = 'test/groups/group-files.test.ts'
const readers = 'test/broker/kept-by-floor.test.ts'

export const faultsOfFloors: readonly Mutant[] = [
  {
    name: 'floor-keeps-nothing',
    file: 'node/leader/floor-scan.ts',
    text: 'this.#kept.add({ entry, placedBy: toPlacedBy(this.#ledger.time) })',
    replacement: 'this.#freed += 0',
    breaks: 'A floor passes what is retained, and does not keep it.',
    tests: [kept],
  },
  {
    name: 'floor-keeps-without-bound',
    file: 'node/leader/floor-scan.ts',
    text: 'weight <= keptBytesMax && ',
    replacement: '',
    breaks: 'A floor keeps more than can be sent.',
    tests: [kept],
  },
  {
    name: 'floor-written-for-nothing',
    file: 'node/leader/floor-scan.ts',
    text: ' || this.#freed * 2 < this.#kept.weight',
    replacement: '',
    breaks: 'A floor that frees one batch writes everything that it keeps.',
    tests: [kept],
  },
  {
    name: 'kept-counts-from-now',
    file: 'node/leader/kept-batches.ts',
    text: 'placedBy = time === 0 ? undefined : time',
    replacement: 'placedBy = undefined',
    breaks: 'What a floor keeps is retained for longer with every restart.',
    tests: [kept],
  },
  {
    name: 'kept-behind-the-end',
    file: 'node/leader/streams.ts',
    text: '(firsts.get(boot) ?? to + 1) - 1',
    replacement: 'firsts.size < 0 ? 0 : to',
    breaks: 'What a floor keeps is a gap to who begins with it.',
    tests: [kept],
  },
  {
    name: 'kept-and-let-go',
    file: 'node/groups/group-log.ts',
    text: 'for (const entry of before) if (!stays.has(entry)) this.#leave(entry, this.#dropped)',
    replacement: 'for (const entry of before) this.#leave(entry, this.#dropped)',
    breaks: 'What a floor keeps is overwritten in memory.',
    tests: [groupLog],
  },
  {
    name: 'one-arena-for-all-streams',
    file: 'node/groups/entry-memory.ts',
    text: '(isBatch ? this.#arenaOf(batchStream(data)) : this.#other).keep(data)',
    replacement: 'isBatch ? this.#other.keep(data) : this.#arenaOf(batchStream(data)).keep(data)',
    breaks: 'What a quiet stream retains holds the slabs of a loud one.',
    tests: [kept],
  },
  {
    name: 'large-group-keeps-the-files',
    file: 'node/groups/groups.ts',
    text: 'heldBytes * 2 <= fileBytes ? writtenAgainBytesMax : 0',
    replacement: 'heldBytes < 0 && fileBytes < 0 ? writtenAgainBytesMax : 0',
    breaks: 'A quiet group keeps all files of the log.',
    tests: [groups],
  },
  {
    name: 'publishers-wait-for-floors',
    file: 'node/groups/groups.ts',
    text: "first?.kind === 'floor' || first?.kind === 'snapshot'",
    replacement: 'first === undefined',
    breaks: 'Publishers are refused while a large floor is written.',
    tests: [groups],
  },
  {
    name: 'groups-write-everything-again',
    file: 'node/groups/groups.ts',
    text: 'heldBytes * 2 <= fileBytes ? writtenAgainBytesMax : 0',
    replacement: 'heldBytes >= 0 && fileBytes >= 0 ? writtenAgainBytesMax : 0',
    breaks: 'Groups write more again than goes with the file.',
    tests: [groups],
  },
  {
    name: 'floor-passes-an-epoch',
    file: 'node/leader/floor-scan.ts',
    text: 'if (this.#endsKept(command)) return',
    replacement: '',
    breaks: 'After a restart nobody knows of the epoch of what a floor keeps, and it is a gap.',
    tests: [kept],
  },
  {
    name: 'kept-though-refused',
    file: 'node/leader/floor-scan.ts',
    text: 'if (this.#take(command)) this.#kept.add',
    replacement: 'this.#take(command)\n        this.#kept.add',
    breaks: 'A floor keeps a batch that no member has taken.',
    tests: [kept],
  },
  {
    name: 'parts-without-room',
    file: 'node/groups/part-queues.ts',
    text: '(queuedBytes(node) ?? Number.POSITIVE_INFINITY) < roomBytes',
    replacement: '(queuedBytes(node) ?? Number.POSITIVE_INFINITY) < Number.POSITIVE_INFINITY',
    breaks: 'A large floor is more than its link may have waiting, and closes it each time.',
    tests: [frames],
  },
  {
    name: 'parts-over-the-next-link',
    file: 'node/groups/groups.ts',
    text: 'this.#partQueues.forget(node)',
    replacement: '',
    breaks: 'The rest of a floor goes over a link that has not had its beginning.',
    tests: [frames],
  },
  {
    name: 'kept-of-the-epoch-before',
    file: 'node/broker/epoch.ts',
    text: 'if (log.first !== undefined) behind.set',
    replacement: 'if (log.first !== undefined && boot < 0) behind.set',
    breaks: 'What a floor keeps is told as gone to whoever goes on from an epoch before.',
    tests: [readers],
  },
  {
    name: 'nobody-woken-by-a-floor',
    file: 'node/broker/epochs.ts',
    text: 'if (before !== undefined) this.#host.onEnded',
    replacement: 'if (before?.number === -1) this.#host.onEnded',
    breaks: 'What a floor keeps of a later epoch comes to its readers only behind the next message.',
    tests: [readers],
  },
]
