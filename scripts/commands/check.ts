// `herald check`: the delivery check. What is wrong, and the words for it, come from audit/; here it meets the nodes.

import type { Command } from 'commander'
import type { CheckResult } from '../../audit/check-result.ts'
import { renderCheckText } from '../../audit/check-text.ts'
import { type NodeProblem, reportProblems, toProblemFields } from '../admin/round.ts'
import type { Act, Context } from '../cli/context.ts'
import { example } from '../cli/example.ts'
import { type ExitCode, exitCodes } from '../cli/outcome.ts'
import { checkFolder, checkLive } from '../collection/delivery-verdict.ts'
import { settleMsDefault } from '../collection/settling.ts'

export function registerCheck(program: Command, act: Act): void {
  program
    .command('check')
    .description('was every message delivered to every subscriber, once and in order?')
    .argument('[dir]', 'folder that `herald fetch` made (default: ask the nodes)')
    .addHelpText('after', example('herald check', 'herald fetch journals && herald check journals'))
    .action((folder: string | undefined, _options: object, command: Command) =>
      act(command, (context) =>
        folder === undefined ? checkCluster(context) : checkFetched(context, folder),
      ),
    )
}

async function checkFetched(context: Context, folder: string): Promise<ExitCode> {
  return showVerdict(context, await checkFolder(folder), [])
}

async function checkCluster(context: Context): Promise<ExitCode> {
  const { terminal, fleet, signal } = context
  const former = await fleet.formerJournals()
  const options = { settleMs: settleMsDefault, signal, former }
  const { result, round } = await checkLive(await context.clients(), options)
  // Journals that are not all here prove nothing.
  if (signal.aborted) return exitCodes.interrupted
  const problemsCode = reportProblems(terminal, round)
  if (result === undefined) {
    terminal.document(toProblemFields(round))
    return problemsCode
  }
  const verdictCode = showVerdict(context, result, round.unreachable)
  return verdictCode === exitCodes.ok ? problemsCode : verdictCode
}

/** Shows the verdict and returns the exit code that it means: a journal that is missing is a node that is missing. */
function showVerdict(
  { terminal }: Context,
  result: CheckResult,
  unreachable: readonly NodeProblem[],
): ExitCode {
  terminal.document({ ...result, unreachable })
  terminal.line(renderCheckText(result).trimEnd())
  if (!result.ok) return exitCodes.failure
  return result.missingJournals.length > 0 ? exitCodes.unreachable : exitCodes.ok
}
