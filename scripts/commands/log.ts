// `herald log inspect`: what is in the log of a node's data directory, and whether all of it can be read. Nothing is changed, also where
// the node runs meanwhile: then the last write may be seen half done.

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { Command } from 'commander'
import { type Damage, LogScanner, numberOf, type TornTail } from '../../node/core/wal/scan.ts'
import { decodeRecords, type LogRecord } from '../../node/wire/log-records.ts'
import type { Act, Context } from '../cli/context.ts'
import { example } from '../cli/example.ts'
import { showCount } from '../cli/numbers.ts'
import { CommandError, type ExitCode, exitCodes } from '../cli/outcome.ts'
import { toTable } from '../cli/table.ts'
import { describeRecord, GroupSummary } from './log-view.ts'

/** What was found. */
interface Found {
  readonly files: readonly { readonly file: string; readonly bytes: number; readonly writes: number }[]
  readonly groups: ReadonlyMap<number, GroupSummary>
  readonly damages: readonly Damage[]
  readonly tail: TornTail | undefined
  /** Writes that are whole and are no list of records. */
  readonly strange: readonly number[]
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
  const { files, groups, damages, tail, strange } = await read(directory, onRecord)
  const summaries = [...groups].toSorted(([a], [b]) => a - b).map(([id, summary]) => summary.toFields(id))
  const isWhole = damages.length === 0 && strange.length === 0
  terminal.document({ isWhole, files, groups: summaries, damages, tail, strange })
  const rows = files.map(({ file, bytes, writes }) => [file, showCount(bytes), showCount(writes)])
  for (const line of toTable(['FILE', '>BYTES', '>WRITES'], rows)) terminal.line(line)
  terminal.line()
  const headings = ['>GROUP', '>FLOOR', '>LAST', '>TERM', '>VOTE', '>COMMIT', '>BYTES', 'STREAMS']
  for (const line of toTable(headings, summaries.map(toRow))) terminal.line(line)
  terminal.line()
  for (const { file, offset, from, to } of damages)
    terminal.warn(`${file}: damaged from byte ${offset} on: writes ${from} to ${to} cannot be read`)
  for (const number of strange) terminal.warn(`write ${number} is whole, and no list of records`)
  if (tail !== undefined)
    terminal.line(`${tail.file}: the last ${tail.bytes} bytes are no whole write; a start cuts them off`)
  terminal.line(
    isWhole ? 'everything that was durable can be read' : 'NOT everything that was durable can be read',
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
  const folder = await findFolder(directory)
  const names = (await readdir(folder)).filter((name) => numberOf(name) !== undefined).toSorted()
  const groups = new Map<number, GroupSummary>()
  const strange: number[] = []
  const files: { file: string; bytes: number; writes: number }[] = []
  let writes = 0
  const scanner = new LogScanner(
    crc32,
    (body, number) => {
      writes++
      const records = decodeRecords(body)
      if (records === undefined) strange.push(number)
      for (const record of records ?? []) {
        onRecord(number, record)
        if (record.kind === 'kept') continue
        const summary = groups.get(record.group) ?? new GroupSummary()
        groups.set(record.group, summary)
        summary.onRecord(record)
      }
    },
    1,
  )
  for (const [at, file] of names.entries()) {
    const bytes = await readFile(join(folder, file))
    writes = 0
    scanner.scan(file, bytes, names[at + 1])
    files.push({ file, bytes: bytes.length, writes })
  }
  return { files, groups, strange, damages: scanner.damages, tail: scanner.tail }
}

async function findFolder(directory: string): Promise<string> {
  for (const folder of [join(directory, 'log'), directory]) {
    const names = await readdir(folder).catch(() => [])
    if (names.some((name) => numberOf(name) !== undefined)) return folder
  }
  throw new CommandError(exitCodes.failure, `there is no log in ${directory}`, {
    next: 'a node has one once it takes part in a stream in leader mode',
  })
}
