// `herald analyze`: throughput and latency from the journals, as a page, as data and as text, in three files; the terminal
// gets the verdict and a line a stream.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { Analysis } from '../../audit/analysis.ts'
import { PerformanceAnalysis } from '../../audit/analyze.ts'
import { DeliveryCheck, graceMsDefault } from '../../audit/check.ts'
import type { CheckResult } from '../../audit/check-result.ts'
import { renderReportHtml } from '../../audit/report-html.ts'
import { renderReportJson, renderReportMarkdown } from '../../audit/report-markdown.ts'
import { reportProblems, toProblemFields } from '../admin/round.ts'
import type { Act, Context } from '../cli/context.ts'
import { example } from '../cli/example.ts'
import { type ExitCode, exitCodes } from '../cli/outcome.ts'
import { collect, withTemporaryFolder } from '../collection/collection.ts'
import { makeFolder } from '../collection/folder.ts'
import { readJournalFolder } from '../collection/journal-folder.ts'
import { toAnalysisLines } from './analysis-view.ts'

export function registerAnalyze(program: Command, act: Act): void {
  program
    .command('analyze')
    .description('throughput and latency per stream, node pair and topic, into reports/')
    .argument('[dir]', 'folder that `herald fetch` made (default: ask the nodes)')
    .option('--output <folder>', 'where report.html, report.json and report.md go', 'reports')
    .addHelpText('after', example('herald analyze', 'herald fetch journals && herald analyze journals'))
    .action((folder: string | undefined, options: { readonly output: string }, command: Command) =>
      act(command, (context) => analyze(context, folder, options.output)),
    )
}

async function analyze(context: Context, folder: string | undefined, output: string): Promise<ExitCode> {
  if (folder !== undefined) return await writeReports(context, folder, output)
  const clients = await context.clients()
  return await withTemporaryFolder(async (temporary) => {
    const round = await collect(clients, temporary, { former: await context.fleet.formerJournals() })
    const problemsCode = reportProblems(context.terminal, round)
    if (round.answers.length === 0) {
      context.terminal.document(toProblemFields(round))
      return problemsCode
    }
    const exitCode = await writeReports(context, temporary, output)
    return exitCode === exitCodes.ok ? problemsCode : exitCode
  })
}

async function writeReports({ terminal }: Context, folder: string, output: string): Promise<ExitCode> {
  const { analysis, check } = await readReports(folder)
  await makeFolder(output)
  const files = ['report.html', 'report.json', 'report.md'].map((name) => join(output, name))
  const texts = [
    renderReportHtml(analysis, check),
    renderReportJson(analysis, check),
    renderReportMarkdown(analysis, check),
  ]
  await Promise.all(files.map((file, index) => writeFile(file, texts[index] ?? '')))
  terminal.document({ files, ...JSON.parse(renderReportJson(analysis, check)) })
  for (const line of toAnalysisLines(analysis, check)) terminal.line(line)
  terminal.line(`\nwritten to ${files.join(', ')}`)
  return check.missingJournals.length > 0 ? exitCodes.unreachable : exitCodes.ok
}

/** Both audits in one pass over the journals. */
async function readReports(
  folder: string,
): Promise<{ readonly analysis: Analysis; readonly check: CheckResult }> {
  const analysis = new PerformanceAnalysis()
  const check = new DeliveryCheck({ graceMs: graceMsDefault })
  await readJournalFolder(folder, (node, flushedAt) => {
    const intake = check.openJournal(node, flushedAt)
    return { sinks: [intake, analysis.openJournal(node)], close: (health) => intake.close(health) }
  })
  return { analysis: analysis.finish(), check: check.finish() }
}
