// `herald names`: what the cluster keeps for those who read under a name, and the end of it.

import type { Command } from 'commander'
import type { NameAnswer } from '../admin/answers.ts'
import { askAll, reportProblems, toProblemFields } from '../admin/round.ts'
import { askOne } from '../cli/ask-one.ts'
import type { Act, Context } from '../cli/context.ts'
import { example } from '../cli/example.ts'
import { showCount } from '../cli/numbers.ts'
import { type ExitCode, exitCodes } from '../cli/outcome.ts'
import { toTable } from '../cli/table.ts'

export function registerNames(program: Command, act: Act): void {
  const group = program
    .command('names')
    .description('durable subscriptions and queues, by the name that they are kept under')
  group
    .command('list')
    .description('list names, who reads under them, and how many messages are behind where they stand')
    .addHelpText('after', example('herald names list'))
    .action((_options: object, command: Command) => act(command, list))
  group
    .command('remove')
    .description('forget where NAME stands; refused while somebody reads under it')
    .argument('<name>')
    .addHelpText('after', example('herald names remove billing'))
    .action((name: string, _options: object, command: Command) =>
      act(command, (context) => remove(context, name)),
    )
}

async function list(context: Context): Promise<ExitCode> {
  const { terminal } = context
  const round = await askAll(await context.clients(), (client) => client.names())
  const names = merge(round.answers.map(({ value }) => value))
  terminal.document({ names, ...toProblemFields(round) })
  if (names.length === 0 && round.answers.length > 0) terminal.line('no names')
  const rows = names.map(({ name, stream, kept, heldBy, slots, lag }) => [
    ...[name, slots === undefined ? 'subscription' : 'queue', stream || '-', kept, heldBy ?? '-'],
    slots === undefined ? '-' : String(slots),
    lag === undefined ? '-' : showCount(lag),
  ])
  if (rows.length > 0)
    for (const line of toTable(['NAME', 'KIND', 'STREAM', 'KEPT IN', 'HELD BY', '>SLOTS', '>LAG'], rows))
      terminal.line(line)
  return reportProblems(terminal, round)
}

async function remove(context: Context, name: string): Promise<ExitCode> {
  const { value } = await askOne(context, (client) => client.removeName(name))
  context.terminal.document(value)
  // Both may have had the name, on different streams.
  for (const [kind, entries] of Map.groupBy(value.entries, (entry) => entry.kind))
    context.terminal.line(`the ${kindNames[kind]} ${name} is removed${showStreams(entries)}`)
  return exitCodes.ok
}

const kindNames = { subscription: 'durable subscription', queue: 'queue' } as const

/** A subscription that has got nothing yet stands on no stream. */
function showStreams(entries: readonly { readonly stream: string }[]): string {
  const streams = entries.map(({ stream }) => stream).filter((stream) => stream !== '')
  if (streams.length === 0) return ''
  return ` (stream${streams.length === 1 ? '' : 's'} ${streams.join(', ')})`
}

/** One row for each name and stream: who holds a name in the catalog is known to its own node alone. */
function merge(answers: readonly (readonly NameAnswer[])[]): readonly NameAnswer[] {
  const rows = new Map<string, NameAnswer>()
  for (const row of answers.flat()) {
    // A queue has a row for each member.
    const key = `${row.name} ${row.stream} ${row.slots === undefined ? '' : row.heldBy}`
    const known = rows.get(key)
    if (known === undefined || (known.heldBy === undefined && row.heldBy !== undefined)) rows.set(key, row)
  }
  return [...rows.values()]
}
