// Faults of what is on disk: the log and its files, the journal, and whose directory it is.

import type { Mutant } from './mutant.ts'

const log = 'test/core/wal/log.test.ts'
const logFiles = 'test/storage/log-files.test.ts'
const syncs = 'test/storage/syncs.test.ts'
const openLog = 'test/node/open-log.test.ts'
const groups = 'test/groups/groups.test.ts'
const journalWriter = 'test/storage/journal-writer.test.ts'
const subscriptions = 'test/storage/subscriptions-file.test.ts'

export const faultsOfLog: readonly Mutant[] = [
  {
    name: 'checksum-not-checked',
    file: 'node/core/wal/write-format.ts',
    text: 'if (found !== sum) return undefined',
    replacement: '',
    breaks: 'Bytes that have rotted are read as if they were what was written.',
    tests: [log],
  },
  {
    name: 'checksum-not-chained',
    file: 'node/core/wal/scan.ts',
    text: 'number === this.#expected && (this.#previous === undefined || previous === this.#previous)',
    replacement: 'number === this.#expected',
    breaks: 'A write of another log passes for the next one.',
    tests: [log],
  },
  {
    name: 'number-not-checked',
    file: 'node/core/wal/scan.ts',
    text: 'number === this.#expected && (this.#previous === undefined || previous === this.#previous)',
    replacement: '(this.#previous === undefined || previous === this.#previous)',
    breaks: 'A file of other writes than its name says passes.',
    tests: [log],
  },
  {
    name: 'damage-taken-for-a-torn-tail',
    file: 'node/core/wal/scan.ts',
    text: 'const later = findLaterWrite(bytes, offset, this.#expected, this.#checksum)',
    replacement: 'const later = undefined as FoundWrite | undefined',
    breaks: 'Damage in the middle cuts off everything behind it, though it was durable.',
    tests: [log],
  },
  {
    name: 'missing-end-overlooked',
    file: 'node/core/wal/scan.ts',
    text: 'next !== this.#expected',
    replacement: 'next < this.#expected',
    breaks: 'Writes that are missing before the next file are missed by nobody.',
    tests: [log],
  },
  {
    name: 'acknowledged-after-a-failure',
    file: 'node/core/wal/writer.ts',
    text: 'return this.#options.onFailed(failure)',
    replacement: 'this.#options.onFailed(failure)',
    breaks: 'What the disk has refused is acknowledged.',
    tests: [log, groups],
  },
  {
    name: 'writes-overlap',
    file: 'node/core/wal/writer.ts',
    text: "if (this.#state !== 'idle') return",
    replacement: "if (this.#state === 'gathering') return",
    breaks: 'A write begins before the one before it is durable, and so a later one may stand behind damage.',
    tests: [log],
  },
  {
    name: 'writes-after-a-failure',
    file: 'node/core/wal/writer.ts',
    text: "if (this.#state === 'failed') return",
    replacement: "if (this.#state === 'failed') this.#state = 'idle'",
    breaks: 'A log that could not be written is written on, over pages that may only look clean.',
    tests: [log],
  },
  {
    name: 'waiting-unbounded',
    file: 'node/core/wal/writer.ts',
    text: 'this.#waitingBytes >= this.#options.waitingBytesMax',
    replacement: 'this.#waitingBytes < 0',
    breaks: 'More and more waits for a slow disk.',
    tests: [log, groups],
  },
]

export const faultsOfFiles: readonly Mutant[] = [
  {
    name: 'sync-skipped',
    file: 'node/storage/log-files.ts',
    text: 'return fdatasync(fd, report)',
    replacement: 'return report(null)',
    breaks: 'Everything is acknowledged before the disk has it.',
    tests: [syncs],
  },
  {
    name: 'name-of-a-new-file-not-synced',
    file: 'node/storage/log-files.ts',
    text: 'await syncDirectory(this.#directory)\n    return handle',
    replacement: 'return handle',
    breaks: 'A power failure takes a whole new file of the log, with everything acknowledged in it.',
    tests: [syncs],
  },
  {
    name: 'short-write-taken-for-whole',
    file: 'node/storage/log-files.ts',
    text: 'if (bytesWritten === bytes)',
    replacement: 'if (bytesWritten <= bytes)',
    breaks: 'A write of which the disk took a part is acknowledged.',
    tests: [syncs],
  },
  {
    name: 'torn-tail-not-cut',
    file: 'node/storage/log-files.ts',
    text: 'await truncate(join(directory, tail.file), bytes)',
    replacement: '',
    breaks: 'The log goes on behind half a write, which is damage from then on.',
    tests: [logFiles],
  },
  {
    name: 'whole-file-not-synced',
    file: 'node/storage/whole-file.ts',
    text: 'await handle.sync()\n    } finally {\n      await handle.close()\n    }\n    await rename',
    replacement: '} finally {\n      await handle.close()\n    }\n    await rename',
    breaks: 'A power failure leaves an empty file in place of the old content.',
    tests: [syncs],
  },
  {
    name: 'rename-not-synced',
    file: 'node/storage/whole-file.ts',
    text: 'await syncDirectory(dirname(path))',
    replacement: '',
    breaks: 'A power failure brings the old content back, after the new one was said to be saved.',
    tests: [syncs],
  },
  {
    name: 'damage-overlooked',
    file: 'node/leader-host.ts',
    text: 'if (damage !== undefined) {',
    replacement: 'if (damage !== undefined && damage.offset < 0) {',
    breaks: 'A node takes part with a log of which something durable is lost.',
    tests: [openLog],
  },
  {
    name: 'first-file-not-missed',
    file: 'node/leader-host.ts',
    text: 'first !== undefined && first > recovery.keptFrom',
    replacement: 'first !== undefined && first < 0',
    breaks: 'A log whose beginning is gone is taken for a shorter one.',
    tests: [openLog],
  },
  {
    name: 'incomplete-group-taken',
    file: 'node/leader-host.ts',
    text: 'if (group !== undefined)',
    replacement: 'if (group !== undefined && group < 0)',
    breaks: 'A group goes on without entries that it has acknowledged.',
    tests: [openLog],
  },
  {
    name: 'missing-lines-not-told',
    file: 'node/storage/journal-writer.ts',
    text: 'this.#reportDropped()\n    this.#take(text)',
    replacement: 'this.#take(text)',
    breaks: 'The journal does not say where lines are missing, and the check takes it for whole.',
    tests: [journalWriter],
  },
  {
    name: 'half-a-line-left',
    file: 'node/storage/journal-writer.ts',
    text: 'await this.#cutTail()',
    replacement: '',
    breaks: 'The journal goes on behind half a line, and two lines cannot be read.',
    tests: [journalWriter],
  },
  {
    name: 'torn-journal-written-on',
    file: 'node/storage/journal-writer.ts',
    text: 'isTorn ? newest + 1 : newest',
    replacement: 'newest',
    breaks: 'A line is written behind one that a crash has torn, and is lost with it.',
    tests: [journalWriter],
  },
  {
    name: 'gap-told-again-after-a-restart',
    file: 'node/storage/journal-recovery.ts',
    text: "t === 'got' || t === 'gap'",
    replacement: "t === 'got'",
    breaks: 'A subscription of the node goes on before a gap that it was told.',
    tests: [subscriptions],
  },
  {
    name: 'checkpoint-takes-back',
    file: 'node/storage/saved-vectors.ts',
    text: 'Math.max(origins.get(origin) ?? 0, sequence)',
    replacement: 'sequence',
    breaks:
      'A subscription of the node goes on behind an older line of the journal, and gets messages again.',
    tests: [subscriptions],
  },
  {
    name: 'two-processes-in-one-directory',
    file: 'node/storage/data-lock.ts',
    text: "'BEGIN EXCLUSIVE'",
    replacement: "'BEGIN'",
    breaks: 'Two processes write into one log.',
    tests: ['test/storage/data-directory.test.ts'],
  },
  {
    name: 'directory-of-another-node-taken',
    file: 'node/storage/data-directory.ts',
    text: 'identity.node === options.node && identity.cluster === options.cluster',
    replacement: 'identity.cluster === options.cluster',
    breaks: 'A node goes on with the votes and the log of another one.',
    tests: ['test/storage/data-directory.test.ts'],
  },
]
