// `herald mode`: how streams work, and how they are to. One node is told; it asks until the stream is in that mode there.

import { setTimeout as delay } from 'node:timers/promises'
import type { Command } from 'commander'
import { errorEntry } from '../../node/core/common/errors.ts'
import { modeChangeMs } from '../admin/admin-client.ts'
import type { ModeAnswer, StatusAnswer, StreamStatusAnswer } from '../admin/answers.ts'
import { RepeatedRounds } from '../admin/repeated-rounds.ts'
import { askAll, type Round, reportProblems, toProblemFields } from '../admin/round.ts'
import { askOne } from '../cli/ask-one.ts'
import type { Act, Context } from '../cli/context.ts'
import { example } from '../cli/example.ts'
import { CommandError, type ExitCode, exitCodes, toErrorCode } from '../cli/outcome.ts'
import { toTable } from '../cli/table.ts'

const modes = ['gossip', 'leader']
/** An epoch is sealed for some tens of milliseconds. */
const watchIntervalMs = 20
/** Nodes answer within some milliseconds; whoever takes longer keeps no change back that others show. */
const watchPatienceMs = 100

/** What is said of a stream. */
interface ModeRow {
  readonly stream: string
  readonly mode: string
  readonly epoch: number
  readonly phase: string
  readonly leader: string | undefined
  /** Nodes that are in another mode or epoch. */
  readonly differing: readonly string[]
}

/** A stream is in the mode, on the node that was asked. */
interface ModeChange extends ModeAnswer {
  readonly node: string
}

/** Why a stream is not in the mode. */
interface ModeProblem {
  readonly stream: string
  readonly problem: CommandError
}

export function registerMode(program: Command, act: Act): void {
  program
    .command('mode')
    .description('show or change the mode of STREAM, or of all streams, while messages flow')
    .argument('[stream]', 'all streams if left out')
    .argument('[mode]', 'gossip or leader; shows the present one if left out')
    .option('--watch', 'print every change until interrupted')
    .addHelpText('after', example('herald mode orders leader'))
    .action(
      (first: string | undefined, second: string | undefined, options: { watch?: true }, command: Command) =>
        act(command, (context) => {
          const isMode = second === undefined && first !== undefined && modes.includes(first)
          const [stream, mode] = isMode ? [undefined, first] : [first, second]
          if (options.watch === true) {
            if (mode === undefined) return watch(context, stream)
            const next = 'change the mode in another terminal, or leave --watch out'
            throw new CommandError(exitCodes.usage, '--watch changes nothing', { next })
          }
          return mode === undefined ? show(context, stream) : change(context, stream, mode)
        }),
    )
}

async function change(context: Context, stream: string | undefined, mode: string): Promise<ExitCode> {
  if (!modes.includes(mode)) throw new CommandError(exitCodes.usage, `the mode must be ${modes.join(' or ')}`)
  if (stream !== undefined) return report(context, [await changeOne(context, stream, mode)], [])
  const outcomes = await Promise.all(
    (await streamNames(context)).map(async (name) => {
      try {
        return await changeOne(context, name, mode)
      } catch (error) {
        if (error instanceof CommandError) return { stream: name, problem: error }
        throw error
      }
    }),
  )
  const answers = outcomes.flatMap((outcome) => ('problem' in outcome ? [] : [outcome]))
  const problems = outcomes.flatMap((outcome) => ('problem' in outcome ? [outcome] : []))
  return report(context, answers, problems)
}

async function changeOne(context: Context, name: string, mode: string): Promise<ModeChange> {
  const { node, value } = await askOne(context, (client) =>
    client.withTimeout(context.options.timeout + modeChangeMs).setMode(name, mode),
  )
  return { ...value, node }
}

/** Says what became of every stream. The worst of it says how the command ends: a refusal, and then whatever else went wrong. */
function report(
  { terminal }: Context,
  answers: readonly ModeChange[],
  problems: readonly ModeProblem[],
): ExitCode {
  const failed = problems.map(({ stream, problem }) => {
    const { code = toErrorCode(problem.exitCode), message } = problem
    return { stream, error: { code, message } }
  })
  const [first] = failed
  terminal.document({
    streams: answers,
    ...(first !== undefined && { error: first.error, problems: failed }),
  })
  for (const answer of answers) {
    const { stream, mode, epoch, node, elapsedMs } = answer
    // The time is the node's, from the wish to the mode: the command takes longer, and other nodes may follow later.
    const where = `on node ${node} after ${Math.round(elapsedMs)} ms`
    terminal.line(`stream ${stream} is in ${mode} mode, epoch ${epoch} (${where})`)
  }
  for (const { stream, error } of failed) terminal.warn(`stream ${stream}: ${error.code}: ${error.message}`)
  const codes = problems.map(({ problem }) => problem.exitCode)
  if (codes.includes(exitCodes.failure)) return exitCodes.failure
  return codes[0] ?? exitCodes.ok
}

async function streamNames(context: Context): Promise<readonly string[]> {
  const { value } = await askOne(context, (client) => client.streams())
  return value.map(({ name }) => name)
}

async function show(context: Context, stream: string | undefined): Promise<ExitCode> {
  const { terminal } = context
  const round = await askAll(await context.clients(), (client) => client.status())
  const rows = toRows(round).filter((row) => stream === undefined || row.stream === stream)
  if (round.answers.length > 0) requireStream(rows, stream)
  terminal.document({ streams: rows, ...toProblemFields(round) })
  const headings = ['STREAM', 'MODE', '>EPOCH', 'PHASE', 'LEADER', 'ELSEWHERE ON']
  if (rows.length > 0) for (const line of toTable(headings, rows.map(toCells))) terminal.line(line)
  return reportProblems(terminal, round)
}

function requireStream(rows: readonly ModeRow[], name: string | undefined): void {
  if (name === undefined || rows.some(({ stream }) => stream === name)) return
  throw new CommandError(exitCodes.failure, `there is no stream "${name}"`, {
    ...{ code: 'STREAM_UNKNOWN', next: errorEntry('STREAM_UNKNOWN').action },
  })
}

async function watch(context: Context, stream: string | undefined): Promise<ExitCode> {
  const { terminal, signal } = context
  using rounds = new RepeatedRounds((client) => client.status(), watchPatienceMs)
  const told = new Map<string, string>()
  let silent: readonly string[] = []
  while (!signal.aborted) {
    const look = await rounds.next(await context.clients())
    // What was asked ends then, too, and says nothing of the nodes.
    if (signal.aborted) break
    const rows = toRows(look, look.hanging)
    if (told.size === 0 && look.isComplete && look.answers.length > 0) requireStream(rows, stream)
    // Before the rows, which do not count them any more.
    for (const { node, reason } of look.unreachable)
      if (!silent.includes(node)) terminal.warn(`node ${node} cannot be reached: ${reason}`)
    silent = look.unreachable.map(({ node }) => node)
    for (const row of rows) {
      const text = toCells(row).join(' ')
      if ((stream !== undefined && row.stream !== stream) || told.get(row.stream) === text) continue
      told.set(row.stream, text)
      if (terminal.json) await terminal.record({ at: new Date().toISOString(), ...row })
      else await terminal.write(`${new Date().toISOString()}  ${describe(row)}\n`)
    }
    await delay(watchIntervalMs, undefined, { signal })
  }
  return exitCodes.interrupted
}

/** The state of every stream: that of the node which is furthest. Who leads is believed of a node that hangs only where no other one says it. */
function toRows(
  { answers }: Round<StatusAnswer>,
  hanging: ReadonlySet<string> = new Set(),
): readonly ModeRow[] {
  const names = new Set(answers.flatMap(({ value }) => value.streams.map(({ name }) => name)))
  return [...names].toSorted().map((name) => {
    const parts = answers.flatMap(({ node, value }) => {
      const part = value.streams.find((stream) => stream.name === name)
      return part === undefined ? [] : [{ node, part }]
    })
    const furthest = parts.map(({ part }) => part).reduce((a, b) => (isFurther(b, a) ? b : a))
    const believed = parts.toSorted((a, b) => Number(hanging.has(a.node)) - Number(hanging.has(b.node)))
    // Nobody leads a stream in gossip mode, whatever those say that are not as far.
    const leaders =
      furthest.order === undefined ? [] : believed.flatMap(({ part }) => part.order?.leader ?? [])
    const differing = parts.filter(({ part }) => !isSame(part, furthest)).map(({ node }) => node)
    const { mode, epoch, phase } = furthest
    return { stream: name, mode, epoch, phase, leader: leaders[0], differing }
  })
}

/** In a later epoch, or in the same one when it is being ended. */
function isFurther(one: StreamStatusAnswer, other: StreamStatusAnswer): boolean {
  if (one.epoch !== other.epoch) return one.epoch > other.epoch
  return one.phase === 'sealing' && other.phase !== 'sealing'
}

function isSame(one: StreamStatusAnswer, other: StreamStatusAnswer): boolean {
  return one.epoch === other.epoch && one.phase === other.phase
}

function toCells({ stream, mode, epoch, phase, leader, differing }: ModeRow): string[] {
  return [stream, mode, String(epoch), phase, leader ?? '-', differing.join(' ') || '-']
}

function describe({ stream, mode, epoch, phase, leader, differing }: ModeRow): string {
  const led = leader === undefined ? '' : `, led by ${leader}`
  const others = differing.length === 0 ? '' : ` (not yet on ${differing.join(', ')})`
  return `stream ${stream}: ${mode} mode, epoch ${epoch}, ${phase}${led}${others}`
}
