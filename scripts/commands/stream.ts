// `herald stream`: the streams of the cluster. A change is told to one node, which spreads it; the list asks all nodes and
// says where they differ. `add` changes no stream that its node knows: a name typed by mistake must not cost another stream
// its retention. Of two that add at the same time on different nodes the later one wins, as with every change.

import { type Command, Option } from 'commander'
import { type AdminClient, modeChangeMs, type StreamSettings } from '../admin/admin-client.ts'
import type { StreamDefinition } from '../admin/answers.ts'
import { NodeRefusal, NodeUnreachable } from '../admin/request.ts'
import { askAll, type Round, reportProblems, toProblemFields } from '../admin/round.ts'
import { collectList, parseCopies, parseReplicas, parseRetention } from '../cli/arguments.ts'
import { askOne } from '../cli/ask-one.ts'
import { confirm } from '../cli/confirmation.ts'
import type { Act, Context } from '../cli/context.ts'
import { example } from '../cli/example.ts'
import { CommandError, type ExitCode, exitCodes } from '../cli/outcome.ts'
import { toTable } from '../cli/table.ts'
import { describeShortage, streamHeadings, toChanges, toStreamRow } from './stream-view.ts'

const modeHelp = 'gossip: takes messages always; leader: one order for all, on the disks of a majority'

/** A stream as it is now, and how it came to that. */
interface Outcome {
  readonly outcome: 'created' | 'changed' | 'unchanged'
  readonly stream: StreamDefinition
  readonly changes: readonly string[]
}

/** An outcome, and how many members there are for its replicas; undefined where the node knows of no cluster. */
interface ShownOutcome extends Outcome {
  readonly memberCount: number | undefined
}

export function registerStream(program: Command, act: Act): void {
  const group = program.command('stream').description('streams: named sets of topics')
  const topicsOption = ['--topics <patterns>', 'patterns of its topics, between commas'] as const
  addLimitOptions(
    group
      .command('add')
      .description('create stream NAME; one that exists is left as it is')
      .argument('<name>')
      .requiredOption(...topicsOption, collectList)
      .addOption(new Option('--mode <mode>', modeHelp).choices(['gossip', 'leader'])),
  )
    .addHelpText('after', example("herald stream add orders --topics 'orders.>' --retention 64MiB,10m"))
    .action((name: string, settings: StreamSettings, command: Command) =>
      act(command, (context) => add(context, name, settings)),
    )
  addLimitOptions(
    group
      .command('change')
      .description('change stream NAME; what is not given stays as it is')
      .argument('<name>')
      .option(...topicsOption, collectList),
  )
    .addHelpText('after', example('herald stream change orders --retention 128MiB,30m'))
    .action((name: string, settings: StreamSettings, command: Command) =>
      act(command, (context) => change(context, name, settings)),
    )
  group
    .command('remove')
    .description('delete stream NAME; its topics fall to the default stream')
    .argument('<name>')
    .addHelpText('after', example('herald stream remove orders --yes'))
    .action((name: string, _options: object, command: Command) =>
      act(command, (context) => remove(context, name)),
    )
  group
    .command('list')
    .description('list the streams')
    .addHelpText('after', example('herald stream list'))
    .action((_options: object, command: Command) => act(command, list))
  group
    .command('show')
    .description('show stream NAME as every node knows it')
    .argument('<name>')
    .addHelpText('after', example('herald stream show orders'))
    .action((name: string, _options: object, command: Command) =>
      act(command, (context) => show(context, name)),
    )
}

/** The options that `add` and `change` share. */
function addLimitOptions(command: Command): Command {
  return command
    .option('--retention <limits>', 'how much and how long it is kept, as 64MiB,10m', parseRetention)
    .option('--copies <count>', 'gossip: how many other nodes keep a message', parseCopies)
    .option('--replicas <count>', 'leader: how many nodes decide on the order, 3 or 5', parseReplicas)
}

/** What to do where a stream exists with another definition. */
function toNext(name: string, present: string, wanted: string | undefined): string {
  if (name === 'default') return 'it takes what other streams leave; give your stream another name'
  if (wanted === undefined || wanted === present)
    return `change it with \`herald stream change ${name}\`, or take another name`
  return `change its mode with \`herald mode ${name} ${wanted}\`, the rest with \`herald stream change ${name}\`, or take another name`
}

/** The same definition again is no mistake, so that a script may begin with it; another one is. */
async function add(context: Context, name: string, settings: StreamSettings): Promise<ExitCode> {
  return await showOutcome(context, settings, async (client) => {
    const created = await tryCreate(client, name, settings, context.options.timeout)
    if (created !== undefined) return { outcome: 'created', stream: created, changes: [] }
    const present = await client.stream(name)
    const changes = toChanges(present, settings)
    if (changes.length === 0) return { outcome: 'unchanged', stream: present, changes }
    throw new CommandError(exitCodes.failure, `stream ${name} exists: ${changes.join('; ')}`, {
      code: 'STREAM_EXISTS',
      next: toNext(name, present.mode, settings.mode),
    })
  })
}

async function change(context: Context, name: string, settings: StreamSettings): Promise<ExitCode> {
  if (Object.keys(settings).length === 0) {
    throw new CommandError(exitCodes.usage, 'nothing to change', {
      next: 'give --topics, --retention, --copies or --replicas',
    })
  }
  return await showOutcome(context, settings, async (client) => {
    const present = await client.stream(name)
    const changes = toChanges(present, settings)
    if (changes.length === 0) return { outcome: 'unchanged', stream: present, changes }
    return { outcome: 'changed', stream: await client.putStream(name, settings), changes }
  })
}

async function showOutcome(
  context: Context,
  { mode, replicas }: StreamSettings,
  ask: (client: AdminClient) => Promise<Outcome>,
): Promise<ExitCode> {
  const { terminal } = context
  const { value, unreachable } = await askOne(context, async (client): Promise<ShownOutcome> => {
    return { ...(await ask(client)), memberCount: await countMembers(client) }
  })
  const { outcome, stream, changes, memberCount } = value
  const replicasPossible = memberCount && Math.min(stream.replicas, memberCount)
  terminal.document({ outcome, changes, stream, replicasPossible, unreachable })
  terminal.line(`stream ${stream.name} is ${outcome}${changes.length > 0 ? `: ${changes.join('; ')}` : ''}`)
  for (const line of toTable(streamHeadings, [toStreamRow(stream)])) terminal.line(line)
  const isAbout = replicas !== undefined || mode === 'leader'
  const shortage = isAbout ? describeShortage(stream, memberCount) : undefined
  if (shortage !== undefined) terminal.line(shortage)
  return reportProblems(terminal, { answers: [], refused: [], unreachable })
}

/** Asked of the node that has done what it was asked: where it does not say, that is done all the same. */
async function countMembers(client: AdminClient): Promise<number | undefined> {
  try {
    const { members } = await client.members()
    return members.filter(({ isLeaving }) => !isLeaving).length || undefined
  } catch (error) {
    if (error instanceof NodeRefusal || error instanceof NodeUnreachable) return undefined
    throw error
  }
}

/** The new stream; undefined if there is one of this name. */
async function tryCreate(
  client: AdminClient,
  name: string,
  settings: StreamSettings,
  timeoutMs: number,
): Promise<StreamDefinition | undefined> {
  try {
    // One that is made again may have to change its mode.
    return await client.withTimeout(timeoutMs + modeChangeMs).createStream(name, settings)
  } catch (error) {
    if (error instanceof NodeRefusal && error.code === 'STREAM_EXISTS') return undefined
    throw error
  }
}

async function remove(context: Context, name: string): Promise<ExitCode> {
  // Nobody is asked about a stream that is not there.
  if (!context.options.yes) await askOne(context, (client) => client.stream(name))
  await confirm(context, `Delete stream ${name} on all nodes?`)
  // Beside nodes that hang its group is asked, and then the other nodes, each until it is given up.
  const timeoutMs = context.options.timeout + modeChangeMs
  const { unreachable } = await askOne(context, (client) => client.withTimeout(timeoutMs).deleteStream(name))
  context.terminal.document({ removed: name, unreachable })
  context.terminal.line(`stream ${name} is deleted`)
  return reportProblems(context.terminal, { answers: [], refused: [], unreachable })
}

async function list(context: Context): Promise<ExitCode> {
  const { terminal } = context
  const round = await askAll(await context.clients(), (client) => client.streams())
  const newest = new Map<string, StreamDefinition>()
  for (const definition of round.answers.flatMap((answer) => answer.value)) {
    const known = newest.get(definition.name)
    if (known === undefined || definition.version > known.version) newest.set(definition.name, definition)
  }
  const streams = [...newest.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const differing = streams.filter((stream) => !isKnownEverywhere(stream, round)).map((stream) => stream.name)
  terminal.document({ streams, differing, ...toProblemFields(round) })
  if (round.answers.length > 0)
    for (const line of toTable(streamHeadings, streams.map(toStreamRow))) terminal.line(line)
  for (const name of differing)
    terminal.warn(`stream ${name} is not the same on all nodes yet; see \`herald stream show ${name}\``)
  return reportProblems(terminal, round)
}

async function show(context: Context, name: string): Promise<ExitCode> {
  const { terminal } = context
  const round = await askAll(await context.clients(), (client) => client.stream(name))
  terminal.document({
    name,
    nodes: round.answers.map(({ node, value }) => ({ node, stream: value })),
    ...toProblemFields(round),
  })
  const rows = round.answers.map(({ node, value }) => [
    node,
    ...toStreamRow(value),
    String(value.version),
    value.by,
  ])
  if (rows.length > 0)
    for (const line of toTable(['NODE', ...streamHeadings, '>VERSION', 'BY'], rows)) terminal.line(line)
  return reportProblems(terminal, round)
}

function isKnownEverywhere(stream: StreamDefinition, round: Round<readonly StreamDefinition[]>): boolean {
  const text = JSON.stringify([stream.topics, stream.mode, stream.retention, stream.copies, stream.version])
  return round.answers.every(({ value }) =>
    value.some(
      (other) =>
        other.name === stream.name &&
        JSON.stringify([other.topics, other.mode, other.retention, other.copies, other.version]) === text,
    ),
  )
}
