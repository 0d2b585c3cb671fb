// `herald log inspect`: what is in the log of a node's data directory, and whether all of it can be read. Nothing is changed, also where
// the node runs meanwhile: then the last write may be seen half done.

import { crc32 } from 'node:zlib'
import type { Command } from 'commander'
import { type Damage, LogScanner, type TornTail } from '../../node/core/wal/scan.ts'
import { LogReading } from '../../node/groups/log-reading.ts'
import { readDamageNote } from '../../node/storage/damage-note.ts'
import type { LogRecord } from '../../node/wire/log-records.ts'
import type { Act, Context } from '../cli/context.ts'
import { example } from '../cli/example.ts'
import { showCount } from '../cli/numbers.ts'
import { type ExitCode, exitCodes } from '../cli/outcome.ts'
import { toTable } from '../cli/table.ts'
import { openLogFolder } from './log-folder.ts'
import { describeRecord, GroupSummary } from './log-view.ts'

/** What was found. */
interface Found {
  readonly files: readonly { readonly file: string; readonly bytes: number; readonly writes: number }[]
  readonly groups: ReadonlyMap<number, GroupSummary>
  readonly damages: readonly Damage[]
  readonly tail: TornTail | undefined
  /** Writes that are whole and are no list of records. */
  readonly strange: readonly number[]
  /** Why a node does not go on with this log, as it would say itself. */
  readonly problems: readonly string[]
}

export function registerLog(program: Command, act: Act): void {
  const group = program.command('log').description('the log of streams in leader mode, on disk')
  group
    .command('inspect')
    .description('read and verify the log in DIR, a data directory of a node or its log folder')
    .argument('<dir>')
    .option('--records', 'print every record')
    .addHelpText('after', example('herald log inspect .herald/data/A'))
    .action((directory: string, options: { records?: true }, command: Command) =>
      act(command, (context) => inspect(context, directory, options.records === true)),
    )
}

async function inspect(context: Context, directory: string, isLong: boolean): Promise<ExitCode> {
  const { terminal } = context
  const onRecord = (number: number, record: LogRecord): void => {
    if (isLong && !terminal.json) terminal.line(`${number}  ${describeRecord(record)}`)
  }
  const { groups, ...found } = await read(directory, onRecord)
  const { files, damages, tail, strange, problems } = found
  const summaries = [...groups].toSorted(([a], [b]) => a - b).map(([id, summary]) => summary.toFields(id))
  const isWhole = problems.length === 0
  terminal.document({ isWhole, files, groups: summaries, damages, tail, strange, problems })
  const rows = files.map(({ file, bytes, writes }) => [file, showCount(bytes), showCount(writes)])
  for (const line of toTable(['FILE', '>BYTES', '>WRITES'], rows)) terminal.line(line)
  terminal.line()
  const headings = ['>GROUP', '>FLOOR', '>LAST', '>TERM', '>VOTE', '>COMMIT', '>BYTES', 'STREAMS']
  for (const line of toTable(headings, summaries.map(toRow))) terminal.line(line)
  terminal.line()
  for (const problem of problems) terminal.warn(problem)
  if (tail !== undefined)
    terminal.line(`${tail.file}: the last ${tail.bytes} bytes are no whole write; a start cuts them off`)
  terminal.line(
    isWhole
      ? 'everything that is known to have been durable can be read'
      : 'NOT everything that was durable can be read: a node that finds this sets it aside, and begins anew',
  )
  return isWhole ? exitCodes.ok : exitCodes.failure
}

function toRow(fields: ReturnType<GroupSummary['toFields']>): string[] {
  const { group, floor, last, term, vote, commit, bytes, streams } = fields
  const names = streams.join(' ') || '-'
  return [...[group, floor, last, term, vote, commit].map(String), showCount(bytes), names]
}

async function read(
  directory: string,
  onRecord: (number: number, record: LogRecord) => void,
): Promise<Found> {
  await using log = await openLogFolder(directory)
  const { path, names, identity } = log
  const groups = new Map<number, GroupSummary>()
  const reading = new LogReading(undefined, (records, number) => {
    for (const record of records) {
      onRecord(number, record)
      if (record.kind === 'kept') continue
      const summary = groups.get(record.group) ?? new GroupSummary()
      groups.set(record.group, summary)
      summary.onRecord(record)
    }
  })
  const files: { file: string; bytes: number; writes: number }[] = []
  let writes = 0
  const onWrite = (body: Uint8Array, number: number): void => {
    writes++
    reading.onWrite(body, number)
  }
  const scanner = new LogScanner(crc32, onWrite, 1)
  for (const [at, file] of names.entries()) {
    const bytes = await log.read(at)
    writes = 0
    scanner.scan(file, bytes, names[at + 1])
    files.push({ file, bytes: bytes.length, writes })
  }
  const noted = identity?.logReaches ?? 0
  scanner.finish(noted)
  const { damages, tail } = scanner
  const given = identity?.abandonedLog ?? (await readDamageNote(path))
  const problems = [
    ...(given === undefined ? [] : [`given up by its node: ${given}`]),
    ...reading.problems({ path, files: names, damages, noted }),
  ]
  return { files, groups, strange: reading.strange, damages, tail, problems }
}
