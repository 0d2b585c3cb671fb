// `herald node`: who is in the cluster, and nodes that come and go while it works.

import { setTimeout as delay } from 'node:timers/promises'
import type { Command } from 'commander'
import { isNodeId } from '../../node/core/common/ids.ts'
import { type Standing, toGroupName } from '../admin/leaderless.ts'
import { type Look, RepeatedRounds } from '../admin/repeated-rounds.ts'
import { askAll, reportProblems, toProblemFields } from '../admin/round.ts'
import { askOne } from '../cli/ask-one.ts'
import { confirm } from '../cli/confirmation.ts'
import type { Act, Context } from '../cli/context.ts'
import { example } from '../cli/example.ts'
import { CommandError, type ExitCode, exitCodes } from '../cli/outcome.ts'
import { toTable } from '../cli/table.ts'
import { leaderTimeoutMs, patienceMs, pollIntervalMs, settle } from './node-settling.ts'

/** How long a node that is asked to let another one go waits for it. */
const removeMs = 10_000

export function registerNode(program: Command, act: Act): void {
  const group = program.command('node').description('nodes of the cluster, which come and go while it works')
  group
    .command('list')
    .description('list the members, and where each votes')
    .addHelpText('after', example('herald node list'))
    .action((_options: object, command: Command) => act(command, list))
  group
    .command('add')
    .description('start node NAME, and wait until it has caught up')
    .argument('<name>')
    .addHelpText('after', example('herald node add F'))
    .action((name: string, _options: object, command: Command) =>
      act(command, async (context) => {
        requireName(name)
        await add(context, name)
        await list(context)
        return exitCodes.ok
      }),
    )
  group
    .command('remove')
    .description('remove node NAME, dead or alive; asks first')
    .argument('<name>')
    .addHelpText('after', example('herald node remove C --yes'))
    .action((name: string, _options: object, command: Command) =>
      act(command, async (context) => {
        requireOthers(await requireMember(context, name), name)
        await confirm(context, `Remove node ${name}? It can join again only with an empty data directory.`)
        await remove(context, name)
        await list(context)
        return exitCodes.ok
      }),
    )
  group
    .command('replace')
    .description('start node NEW, and when it has caught up, remove node OLD; asks first')
    .argument('<old>')
    .argument('<new>')
    .addHelpText('after', example('herald node replace C F --yes'))
    .action((old: string, name: string, _options: object, command: Command) =>
      act(command, async (context) => {
        requireName(name)
        await requireMember(context, old)
        await confirm(context, `Replace node ${old} by ${name}?`)
        await add(context, name, `; then \`herald node remove ${old}\``)
        await remove(context, old)
        await list(context)
        return exitCodes.ok
      }),
    )
}

/** A peers.json with another name in it is refused by every node that starts. */
function requireName(name: string): void {
  if (isNodeId(name)) return
  throw new CommandError(exitCodes.usage, `"${name}" is no name of a node`, {
    next: 'use 1 to 32 letters, digits, _ and -',
  })
}

/** All members. Nobody is asked about a node that is not there, and none is started in its place. */
async function requireMember(context: Context, name: string): Promise<readonly string[]> {
  const { value } = await askOne(context, (client) => client.members())
  const members = value.members.map(({ node }) => node)
  if (members.includes(name)) return members
  const next = `use one of ${members.join(', ')}`
  const code = 'NODE_UNKNOWN'
  throw new CommandError(exitCodes.failure, `${name} is not a member of the cluster`, { code, next })
}

/** Asked here, since the last one has nobody who could refuse. */
function requireOthers(members: readonly string[], name: string): void {
  if (members.some((node) => node !== name)) return
  const next = 'stop it with `herald exit`; what it has stays in its data directory'
  throw new CommandError(exitCodes.failure, `${name} is the only member of the cluster`, {
    code: 'NODE_NEEDED',
    next,
  })
}

/** Nobody is admitted without a majority, and a node that waits for one would be left behind. */
async function requireLeader(context: Context): Promise<void> {
  using rounds = new RepeatedRounds((client) => client.members(), patienceMs)
  const deadline = Date.now() + leaderTimeoutMs
  for (;;) {
    // Any that is with a majority will do: one that is cut off knows of none.
    const { answers } = await rounds.next(await context.clients())
    if (answers.some(({ value }) => value.leader !== undefined)) return
    if (Date.now() > deadline)
      throw new CommandError(
        exitCodes.unhealthy,
        'no node is with a majority of the members, which could admit another',
        {
          code: 'NO_LEADER',
          next: 'start those that are down: `herald status` names them, `herald up` starts them',
        },
      )
    await delay(pollIntervalMs, undefined, { signal: context.signal })
  }
}

async function list(context: Context): Promise<ExitCode> {
  const { terminal } = context
  const round = await askAll(await context.clients(), (client) => client.members())
  const answers = round.answers.map(({ value }) => value)
  // Who is cut off knows nobody who leads.
  const value = answers.find(({ leader }) => leader !== undefined) ?? answers[0]
  terminal.document({ ...value, ...toProblemFields(round) })
  if (value === undefined) return reportProblems(terminal, round)
  const away = new Set(round.unreachable.map(({ node }) => node))
  const rows = value.members.map(({ node, address, votes, isLeaving }) => {
    const roles = [
      ...(node === value.leader ? ['leads META'] : []),
      ...(isLeaving ? ['is leaving'] : []),
      ...(away.has(node) ? ['does not answer'] : []),
    ]
    return [node, address, roles.join(', '), describeVotes(votes)]
  })
  if (rows.length === 0) terminal.line('there is no cluster yet: `herald status` says why')
  else for (const line of toTable(['NODE', 'ADDRESS', 'ROLE', 'VOTES IN'], rows)) terminal.line(line)
  return reportProblems(terminal, round)
}

const waiting = '`herald status --wait healthy` waits for that'

/** `andThen`: what is left to do where it is not waited for any more. */
async function add(context: Context, name: string, andThen = ''): Promise<void> {
  const { terminal, fleet, signal } = context
  context.requireAll(`start ${name} with \`herald node add ${name}\``)
  // Where none runs it would wait for the others, or found a cluster of its own; this says so instead.
  await fleet.nodes()
  await requireLeader(context)
  await fleet.add(name, signal)
  terminal.progress(`node ${name} runs; it learns what the others have`)
  const isMember = ({ answers }: Look<Standing>): boolean =>
    answers.some(({ value }) => value.members.members.some(({ node }) => node === name))
  await settle(context, {
    isComplete: ({ answers }) => answers.some(({ node }) => node === name),
    hasBegun: isMember,
    describe: (look) =>
      isMember(look)
        ? `node ${name} is a member of the cluster, and not everybody has caught up`
        : `node ${name} runs, and is no member of the cluster yet`,
    outlook: `with a majority of its voters back, a group takes ${name} in by itself; ${waiting}${andThen}`,
  })
}

async function remove(context: Context, name: string): Promise<void> {
  // Whoever goes would end before it could answer.
  const isOther = (node: string): boolean => node !== name
  const timeoutMs = context.options.timeout + removeMs
  await askOne(context, (client) => client.withTimeout(timeoutMs).removeMember(name), isOther)
  await context.fleet.forget(name)
  context.terminal.progress(`node ${name} is removed`)
  await settle(context, {
    isComplete: () => true,
    hasBegun: () => true,
    describe: () => `node ${name} is removed, and not everybody has caught up`,
    outlook: `with a majority of its voters back, a group goes on by itself; ${waiting}`,
  })
}

function describeVotes(votes: readonly number[]): string {
  return votes.map(toGroupName).join(' ') || '-'
}
