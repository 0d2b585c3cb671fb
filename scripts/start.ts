// `npm start`: a cluster of five nodes, a proof that it delivers, and how to try it. Stays until Ctrl-C; with --once it stops
// the cluster again and its exit code says whether every message reached every subscriber exactly once and in order.

import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { formatDuration } from '../node/config/quantity.ts'
import { AdminClient } from './admin/admin-client.ts'
import { waitHealthy } from './admin/health.ts'
import { toHome } from './cli/context.ts'
import { showCount } from './cli/numbers.ts'
import { CommandError, exitCodes, toMessage } from './cli/outcome.ts'
import { toTable } from './cli/table.ts'
import { Terminal } from './cli/terminal.ts'
import { type Demonstration, demonstrate } from './demonstration.ts'
import type { FleetNode } from './fleet/fleet.ts'
import { LocalFleet } from './fleet/local.ts'
import { demonstrateModes, type Hands } from './mode-demonstration.ts'

const nodeCount = 5
const healthyTimeoutMs = 30_000
const nodeTimeoutMs = 20_000
/** How often it is looked whether somebody else stopped the cluster (`herald down`). */
const watchIntervalMs = 500

const interruption = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interruption.abort())

const terminal = new Terminal(process, { json: false, quiet: false, colour: true })
const fleet = new LocalFleet(toHome(process.env))
process.exitCode = await main()

async function main(): Promise<number> {
  let once: boolean
  try {
    once = parseArgs({ options: { once: { type: 'boolean', default: false } } }).values.once
  } catch (error) {
    terminal.warn(`herald: ${toMessage(error)}; npm start takes --once only`)
    return exitCodes.usage
  }
  const running = await fleet.running()
  if (running.length > 0) {
    terminal.warn(`A cluster of ${running.length} nodes is running already (${running.join(', ')}).`)
    terminal.line('Look at it with `npx herald status`, or stop it with `npx herald down`.')
    return exitCodes.failure
  }
  try {
    return await present(once)
  } catch (error) {
    if (interruption.signal.aborted) return exitCodes.interrupted
    report(error)
    return exitCodes.failure
  } finally {
    await stop().catch(report)
  }
}

/** What the demonstration does to nodes. */
function toHands(): Hands {
  return {
    kill: (node) => fleet.kill(node),
    up: async () => {
      await fleet.up({ nodeCount, signal: interruption.signal, progress: () => undefined })
    },
  }
}

function report(error: unknown): void {
  terminal.warn(`herald: ${toMessage(error)}`)
  if (error instanceof CommandError && error.next !== undefined) terminal.line(`        ${error.next}`)
}

async function present(once: boolean): Promise<number> {
  const { signal } = interruption
  const begin = performance.now()
  await fleet.up({ nodeCount, signal, progress: (text) => terminal.progress(text) })
  const nodes = await fleet.nodes()
  const clients = nodes.map(
    (node) => new AdminClient(node.id, node.adminUrl, { timeoutMs: nodeTimeoutMs, signal }),
  )
  const { problems } = await waitHealthy(clients, healthyTimeoutMs, signal)
  if (problems.length > 0)
    throw new CommandError(exitCodes.unhealthy, problems.join('; '), { next: 'run `npx herald doctor`' })
  terminal.line(
    `${terminal.paint('bold', 'Herald')}: ${nodes.length} nodes on this machine, ready in ${showSince(begin)}`,
  )
  const demonstration = await demonstrate(clients, signal)
  showDemonstration(nodes, demonstration)
  const modes = await demonstrateModes(clients, toHands(), signal)
  showVerdict(modes)
  const exitCode = demonstration.isProven && modes.isProven ? exitCodes.ok : exitCodes.failure
  if (once) return exitCode
  showInvitation(nodes)
  await stayUp()
  return exitCode
}

function showDemonstration(nodes: readonly FleetNode[], demonstration: Demonstration): void {
  const rows = nodes.map(({ id, clientUrl }) => {
    const counts = demonstration.nodes.get(id)
    return [`  ${id}`, clientUrl, showCount(counts?.sent ?? 0), showCount(counts?.delivered ?? 0)]
  })
  terminal.line()
  for (const line of toTable(['  node', 'address', '>sent', '>delivered'], rows)) terminal.line(line)
  terminal.line()
  showVerdict(demonstration)
}

function showVerdict({ isProven, text }: { readonly isProven: boolean; readonly text: string }): void {
  terminal.line(`  ${isProven ? terminal.paint('green', '✔') : terminal.paint('red', '✖')} ${text}`)
}

function showInvitation(nodes: readonly FleetNode[]): void {
  const commands: readonly (readonly [string, string])[] = [
    ["npx herald subscribe 'orders.>'", 'prints what comes'],
    ["npx herald publish orders.eu 'hello'", 'in another terminal'],
    ['npx herald status', 'how the nodes are'],
    ['npx herald mode ordered gossip', 'change how a stream works, while it runs'],
    ['npx herald check', 'was everything delivered?'],
  ]
  terminal.line('\nTry it in another terminal:\n')
  for (const [command, meaning] of commands)
    terminal.line(`  ${command.padEnd(40)}${terminal.paint('dim', meaning)}`)
  const address = nodes[0]?.clientUrl ?? ''
  terminal.line(
    `\nPrograms connect to ${address}. ${terminal.paint('bold', 'Ctrl-C')} stops the cluster; its data stays in .herald/.`,
  )
}

/** Returns when the user interrupts, or when the nodes were stopped by another command. */
async function stayUp(): Promise<void> {
  while (!interruption.signal.aborted) {
    await delay(watchIntervalMs, undefined, { signal: interruption.signal }).catch(() => undefined)
    if ((await fleet.running()).length === 0) {
      terminal.line('The cluster was stopped.')
      return
    }
  }
}

async function stop(): Promise<void> {
  if ((await fleet.running()).length === 0) return
  const { remaining } = await fleet.down({ signal: new AbortController().signal, progress: () => undefined })
  for (const { node, reason } of remaining) terminal.warn(`node ${node} did not stop: ${reason}`)
  if (interruption.signal.aborted && remaining.length === 0) terminal.line('\nThe cluster is stopped.')
}

function showSince(begin: number): string {
  return formatDuration(performance.now() - begin)
}
