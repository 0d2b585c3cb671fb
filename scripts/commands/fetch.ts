// `herald fetch`: every node's journals, logs and subscriptions into a folder. Run it again to go on where it stopped.

import { join, relative } from 'node:path'
import type { Command } from 'commander'
import { formatBytes } from '../../node/config/quantity.ts'
import { reportProblems, toProblemFields } from '../admin/round.ts'
import { type Act, type Context, toHome } from '../cli/context.ts'
import { example } from '../cli/example.ts'
import { sum } from '../cli/numbers.ts'
import type { ExitCode } from '../cli/outcome.ts'
import { toTable } from '../cli/table.ts'
import { collect } from '../collection/collection.ts'
import { toFormerName } from '../fleet/former-nodes.ts'

export function registerFetch(program: Command, act: Act): void {
  program
    .command('fetch')
    .description("copy every node's journals, logs and subscriptions into DIR, one folder a node")
    .argument('[dir]', 'folder (default: .herald/fetched/TARGET)')
    .addHelpText('after', example('herald fetch journals', 'herald check journals'))
    .action((folder: string | undefined, _options: object, command: Command) =>
      act(command, (context) => fetchAll(context, folder)),
    )
}

async function fetchAll(context: Context, folderOption: string | undefined): Promise<ExitCode> {
  const { terminal, fleet } = context
  const folder = folderOption ?? join(toHome(context.world.environment), 'fetched', fleet.name)
  const former = await fleet.formerJournals()
  const round = await collect(await context.clients(), folder, { logsOf: fleet, former })
  const nodes = round.answers.map(({ node, value }) => ({
    node,
    files: value.files.length,
    fetchedBytes: sum(value.files.map((file) => file.fetchedBytes)),
    restarted: value.files.filter((file) => file.restarted).map((file) => file.path),
    onlyHere: value.onlyHere,
  }))
  const removed = former.map(({ node, removedAt }) => toFormerName(node, removedAt))
  terminal.document({ folder, nodes, removed, ...toProblemFields(round) })
  const rows = nodes.map(({ node, files, fetchedBytes }) => [node, String(files), formatBytes(fetchedBytes)])
  if (rows.length > 0) for (const line of toTable(['NODE', '>FILES', '>NEW BYTES'], rows)) terminal.line(line)
  const place = folderOption ?? relative(process.cwd(), folder)
  const older = nodes.filter(({ onlyHere }) => onlyHere.length > 0)
  if (older.length > 0) terminal.progress(toOlderText(older.map(({ node }) => node)))
  if (removed.length > 0) terminal.progress(`and of nodes that were removed: ${removed.join(', ')}`)
  if (rows.length > 0) terminal.progress(`in ${place}; next: herald check ${place}, herald analyze ${place}`)
  return reportProblems(terminal, round)
}

function toOlderText(nodes: readonly string[]): string {
  return `the folder also has older journals, which ${nodes.join(', ')} no longer keep (rotated away, or cleaned up): check and analyze count them too`
}
