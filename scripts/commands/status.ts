// `herald status`: how every node is, once, again and again (--watch), or until all is well (--wait healthy).

import { setTimeout as delay } from 'node:timers/promises'
import { type Command, Option } from 'commander'
import { findLeaderless, findProblems, waitHealthy } from '../admin/health.ts'
import { RepeatedRounds } from '../admin/repeated-rounds.ts'
import { askAll, toProblemFields } from '../admin/round.ts'
import { type Sample, toRates } from '../admin/sample.ts'
import type { Act, Context } from '../cli/context.ts'
import { example } from '../cli/example.ts'
import { type ExitCode, exitCodes } from '../cli/outcome.ts'
import { toStatusLines } from './status-view.ts'

/** Rates are the difference of two samples; this far apart, a rate of 100/s is exact to 2 %. */
const sampleIntervalMs = 500
const watchIntervalMs = 1000
/** Who takes longer to answer is waited for no more in each round: what it said last stands until it is known to be away. */
const patienceMs = 500

const columns = `
Columns of a node:
  STATE      starting, ready or draining
  UP         since when its process runs
  LINKS      links that are up, of those to all other nodes
  SENT/S, DELIVERED/S   messages that it numbered, and handed to subscribers, a second; "-" where it has just started
  MISSING    messages that it knows of and does not have, in gossip mode
  LOOP P99   how late its event loop is, of the last 64 times that it looked
  MEMORY     resident memory of its process
  SUBS, SESSIONS   subscriptions of its own, and connections of clients

Columns of a stream, over all nodes that answer:
  TOPICS     its patterns; "(all others)" of the stream default
  MODE       gossip or leader; two of them while nodes do not agree yet
  EPOCH      goes up with every change of its mode
  GROUP      the Raft group that keeps its order, in leader mode or on the way to it
  LEADER     who gives places in it; "none" where a node knows nobody
  OFFSET     place of the last message, on the node that has most
  COMMIT     index of the last committed entry of the group's log, as far as any node knows
  LAG        entries of that log up to COMMIT that the last node has not applied
  PUBLISHED, DELIVERED, RETAINED   sums of all nodes
  MISSING    messages that nodes know of and do not have, in gossip mode
`

interface StatusOptions {
  readonly watch?: boolean
  readonly wait?: 'healthy'
}

export function registerStatus(program: Command, act: Act): void {
  program
    .command('status')
    .description('state, links, streams, rates, lag and memory of every node')
    .option('--watch', 'show it again every second, until Ctrl-C')
    .addOption(new Option('--wait <state>', 'wait for it, as long as --timeout says').choices(['healthy']))
    .addHelpText('after', columns)
    .addHelpText('after', example('herald status', 'herald status --wait healthy --timeout 60s'))
    .action((options: StatusOptions, command: Command) =>
      act(command, (context) => {
        if (options.wait !== undefined) return wait(context)
        return options.watch === true ? watch(context) : showOnce(context)
      }),
    )
}

async function wait(context: Context): Promise<ExitCode> {
  const { terminal, options, signal } = context
  const { problems, round } = await waitHealthy(await context.clients(), options.timeout, signal)
  const now = { at: performance.now(), round }
  show(context, now, now)
  if (problems.length === 0) return exitCodes.ok
  terminal.progress(`not healthy within ${options.timeout / 1000} s`)
  return exitCodes.unhealthy
}

async function showOnce(context: Context): Promise<ExitCode> {
  const first = await takeSample(context)
  if (first.round.answers.length > 0) await delay(sampleIntervalMs, undefined, { signal: context.signal })
  const second = await takeSecondSample(context, first)
  show(context, first, second)
  // That publications are refused weighs more than that nodes are away, which may be the cause.
  if (findLeaderless(second.round).length > 0) return exitCodes.unhealthy
  if (second.round.unreachable.length > 0) return exitCodes.unreachable
  return findProblems(second.round).length > 0 ? exitCodes.unhealthy : exitCodes.ok
}

async function watch(context: Context): Promise<ExitCode> {
  const { terminal, signal } = context
  using rounds = new RepeatedRounds((client) => client.status(), patienceMs)
  const take = async (): Promise<Sample> => {
    return { round: await rounds.next(await context.clients()), at: performance.now() }
  }
  let last = await take()
  if (terminal.isInteractive) await terminal.write('\x1b[2J')
  while (!signal.aborted) {
    await delay(watchIntervalMs, undefined, { signal })
    const sample = await take()
    if (terminal.json) await terminal.record(toDocument(last, sample))
    else {
      const lines = toStatusLines(terminal, last, sample)
      // Home, then each line up to its end, then whatever is left below: nothing flickers.
      const frame = terminal.isInteractive
        ? `\x1b[H${lines.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J`
        : `${lines.join('\n')}\n\n`
      await terminal.write(frame)
    }
    last = sample
  }
  return exitCodes.interrupted
}

async function takeSample(context: Context): Promise<Sample> {
  const round = await askAll(await context.clients(), (client) => client.status())
  return { at: performance.now(), round }
}

/** Asks only who answered before: whoever did not has had its time. */
async function takeSecondSample(context: Context, { round }: Sample): Promise<Sample> {
  const answered = new Set(round.answers.map(({ node }) => node))
  const clients = (await context.clients()).filter((client) => answered.has(client.node))
  const { answers, refused, unreachable } = await askAll(clients, (client) => client.status())
  return {
    at: performance.now(),
    round: {
      answers,
      refused: [...round.refused, ...refused],
      unreachable: [...round.unreachable, ...unreachable],
    },
  }
}

function show({ terminal }: Context, first: Sample, second: Sample): void {
  if (terminal.json) terminal.document(toDocument(first, second))
  else for (const line of toStatusLines(terminal, first, second)) terminal.line(line)
}

function toDocument(first: Sample, second: Sample): object {
  const { answers } = second.round
  return {
    ...toProblemFields(second.round),
    healthy: findProblems(second.round).length === 0,
    problems: findProblems(second.round),
    nodes: answers.map(({ node, value }) => ({ ...value, rates: toRates(node, first, second) })),
  }
}
