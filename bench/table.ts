// Tables of the benchmark as Markdown, which reads as well in a terminal as in a document. Columns are systems; a cell is the
// median of the valid runs with its ratio to NATS, or says why there is none.

import type { Measurement } from './outcome.ts'
import type { BenchCase, Column, RunRecord } from './scenarios/scenario.ts'
import { median, spread } from './statistics.ts'

/** The systems that ratios are taken to, and what they are called there: whichever of them is in the table. */
const references: ReadonlyMap<string, string> = new Map([
  ['nats', 'NATS'],
  ['jetstream', 'JetStream'],
])

export interface TableOptions {
  readonly heading: string
  readonly cases: readonly BenchCase[]
  readonly systems: readonly Column[]
  readonly runs: readonly RunRecord[]
  /** The number of a run that the table shows; undefined if it has none. */
  readonly value: (measurement: Measurement) => number | undefined
  readonly format: (value: number) => string
}

/** One row a case, one column a system. */
export function toComparison(options: TableOptions): string[] {
  const { heading, cases, systems, runs, value, format } = options
  const reference = systems.find(({ name }) => references.has(name))?.name ?? ''
  const rows = cases.map((benchCase) => {
    const valuesOf = (system: string): Cell => toCell(runs, benchCase.id, system, value)
    const base = valuesOf(reference).median
    return [
      benchCase.title,
      ...systems.map(({ name }) => {
        const cell = valuesOf(name)
        if (cell.median === undefined) return cell.reason
        const ratio =
          base === undefined || name === reference
            ? ''
            : ` (${toRatio(cell.median / base)}× ${references.get(reference)})`
        const left = cell.reason === '' ? '' : `, ${cell.reason}`
        return `${format(cell.median)}${ratio}${left}`
      }),
    ]
  })
  return toMarkdown([heading, ...systems.map(toHeading)], rows)
}

/** A system's name, and beside it how it syncs if it keeps publications. */
export function toHeading({ name, sync }: Column): string {
  return sync === undefined ? name : `${name} (${sync})`
}

interface Cell {
  /** Of the valid runs; undefined if there is none. */
  readonly median: number | undefined
  /** What is to be said about runs that are no result. */
  readonly reason: string
}

function toCell(
  runs: readonly RunRecord[],
  caseId: string,
  system: string,
  value: TableOptions['value'],
): Cell {
  const own = runs.filter((run) => run.caseId === caseId && run.system === system)
  if (own.length === 0) return { median: undefined, reason: '–' }
  const valid = own.filter(({ measurement }) => measurement.problem === undefined)
  const values = valid.map(({ measurement }) => value(measurement)).filter((number) => number !== undefined)
  const failed = own.find(({ measurement }) => measurement.problem !== undefined)?.measurement.problem
  const reason =
    failed === undefined ? '' : `${own.length - valid.length} of ${own.length} runs no result: ${failed}`
  return { median: values.length === 0 ? undefined : median(values), reason }
}

/** How far the runs of the same cell lie apart, from largest to smallest; empty if there are no runs to compare. */
export function renderSpread(
  name: string,
  runs: readonly RunRecord[],
  value: (measurement: Measurement) => number | undefined,
): string {
  const cells = Map.groupBy(
    runs.filter(({ measurement }) => measurement.problem === undefined),
    ({ caseId, system }) => `${caseId} ${system}`,
  )
  const spreads = [...cells.values()]
    .map((cell) => cell.map(({ measurement }) => value(measurement)).filter((one) => one !== undefined))
    .filter((values) => values.length > 1)
    .map((values) => spread(values) * 100)
  if (spreads.length === 0) return ''
  const most = Math.max(...spreads).toFixed(0)
  return `${name} of the runs of one cell lie ${median(spreads).toFixed(0)} % apart (median over the cells), ${most} % where they differ most.`
}

/** Two digits that matter: 0.52, 1.3, 12. */
export function toRatio(ratio: number): string {
  return ratio >= 10 ? ratio.toFixed(0) : ratio >= 1 ? ratio.toFixed(1) : ratio.toFixed(2)
}

/** Thousands with a separator. */
export function formatRate(perSecond: number): string {
  const rounded = perSecond >= 100_000 ? Math.round(perSecond / 1000) * 1000 : Math.round(perSecond)
  return rounded.toLocaleString('en-US')
}

/** Microseconds, as milliseconds with two digits. */
export function formatMs(microseconds: number): string {
  return `${(microseconds / 1000).toFixed(2)} ms`
}

export function formatUs(microseconds: number): string {
  return `${microseconds.toFixed(2)} µs`
}

export function toMarkdown(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, 3, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const toLine = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  return [
    toLine(headings),
    `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`,
    ...rows.map(toLine),
  ]
}
