// `herald down`: stops the cluster in order and says who did not stop. Data stays.

import type { Command } from 'commander'
import type { Act, Context } from '../cli/context.ts'
import { example } from '../cli/example.ts'
import { type ExitCode, exitCodes } from '../cli/outcome.ts'

export function registerDown(program: Command, act: Act): void {
  program
    .command('down')
    .description('stop the cluster; its data stays')
    .addHelpText('after', example('herald down'))
    .action((_options: object, command: Command) => act(command, stopCluster))
}

async function stopCluster(context: Context): Promise<ExitCode> {
  context.requireAll('stop single nodes with `herald exit --only NODE`')
  const { fleet, terminal, signal } = context
  const result = await fleet.down({ signal, progress: (text) => terminal.progress(text) })
  terminal.document(result)
  if (result.stopped.length > 0) terminal.line(`stopped ${result.stopped.join(', ')}`)
  else if (result.remaining.length === 0) terminal.line('nothing was running')
  for (const { node, reason } of result.remaining) terminal.warn(`node ${node} did not stop: ${reason}`)
  return result.remaining.length > 0 ? exitCodes.unreachable : exitCodes.ok
}
