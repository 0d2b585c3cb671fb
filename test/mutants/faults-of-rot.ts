// Faults of what tells rotten files and lines from others: the small files, the lock.

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
]
