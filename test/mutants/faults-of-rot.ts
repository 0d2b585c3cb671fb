// Faults of what tells rotten files and lines from others: the small files, the lock, the journal.

import type { Mutant } from './mutant.ts'

export const faultsOfRot: readonly Mutant[] = [
  {
    name: 'rotten-file-taken',
    file: 'node/storage/sealed-file.ts',
    text: "if (bytes.toString('latin1', end) !== toEnd(bytes.subarray(0, end)))",
    replacement: 'if (end < 0)',
    breaks: 'A node goes on with a stream, a pattern or a position that nobody ever wrote.',
    tests: ['test/storage/sealed-file.test.ts'],
  },
  {
    name: 'rotten-lock-not-mended',
    file: 'node/storage/data-lock.ts',
    text: 'truncateSync(path)',
    replacement: '',
    breaks: 'A file that says nothing keeps a node from starting.',
    tests: ['test/storage/data-directory.test.ts'],
  },
  {
    name: 'rotten-journal-line-gone-on-behind',
    file: 'node/storage/journal-recovery.ts',
    text: "if (readSeal(text) === 'broken') return undefined",
    replacement: '',
    breaks: 'A subscription of the node goes on where a disk has put it, and leaves messages out silently.',
    tests: ['test/storage/subscriptions-file.test.ts'],
  },
  {
    name: 'rotten-journal-line-believed',
    file: 'node/core/common/line-seal.ts',
    text: "if (line.slice(at) !== toEnd(body)) return 'broken'",
    replacement: '',
    breaks: 'The check accuses somebody of what a disk has written.',
    tests: ['test/core/line-seal.test.ts'],
  },
  {
    name: 'journal-lines-numbered-by-write',
    file: 'node/storage/journal-writer.ts',
    text: 'this.#counters.writtenLines + index + 1',
    replacement: 'index + 1',
    breaks: 'Lines that are missing between two writes are missed by nobody.',
    tests: ['test/storage/journal-writer.test.ts'],
  },
]
