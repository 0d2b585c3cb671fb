// What every command gets: the terminal, the fleet that --target chose, the nodes that --only chose, the deadline and the
// signal. Built from the global options once per command.

import { join } from 'node:path'
import type { Command } from 'commander'
import { AdminClient } from '../admin/admin-client.ts'
import { ComposeFleet } from '../fleet/compose.ts'
import type { Fleet, FleetName, FleetNode } from '../fleet/fleet.ts'
import { LocalFleet } from '../fleet/local.ts'
import { checkout } from '../runtime/installation.mjs'
import { CommandError, type ExitCode, exitCodes } from './outcome.ts'
import { type StandardStreams, Terminal } from './terminal.ts'

/** The process around a command, or a test's. */
export interface World extends StandardStreams {
  readonly environment: NodeJS.ProcessEnv
  /** Aborts when the user interrupts. */
  readonly signal: AbortSignal
}

/** Global options as commander parses them. */
export interface GlobalOptions {
  readonly target: FleetName
  readonly only?: readonly string[]
  /** Milliseconds that a node may take to answer. */
  readonly timeout: number
  readonly json: boolean
  readonly quiet: boolean
  readonly yes: boolean
  readonly color: boolean
}

/** A command's surroundings. */
export class Context {
  readonly terminal: Terminal
  readonly fleet: Fleet
  readonly world: World
  readonly options: GlobalOptions

  constructor(world: World, options: GlobalOptions) {
    this.world = world
    this.options = options
    this.terminal = new Terminal(world, { json: options.json, quiet: options.quiet, colour: options.color })
    this.fleet =
      options.target === 'compose'
        ? new ComposeFleet(world.environment)
        : new LocalFleet(toHome(world.environment))
  }

  get signal(): AbortSignal {
    return this.world.signal
  }

  /** The nodes of the fleet that --only leaves. */
  async nodes(): Promise<readonly FleetNode[]> {
    const nodes = await this.fleet.nodes()
    const { only } = this.options
    if (only === undefined) return nodes
    return [...new Set(only)].map((id) => findNode(nodes, id))
  }

  /** Refuses --only, for a command that means the whole cluster; `next` says what to do with one node. */
  requireAll(next: string): void {
    if (this.options.only === undefined) return
    throw new CommandError(exitCodes.usage, 'this command means the whole cluster and takes no --only', {
      next,
    })
  }

  /** Admin clients of those nodes. */
  async clients(): Promise<readonly AdminClient[]> {
    return (await this.nodes()).map((node) => this.toClient(node))
  }

  /** Admin client of one node by its id. */
  async client(id: string): Promise<AdminClient> {
    return this.toClient(findNode(await this.fleet.nodes(), id))
  }

  toClient(node: FleetNode): AdminClient {
    return new AdminClient(node.id, node.adminUrl, { timeoutMs: this.options.timeout, signal: this.signal })
  }
}

/** What a command does; returns its exit code, ok when it returns nothing. */
export type CommandBody = (context: Context) => Promise<ExitCode | undefined>

/** Runs the body of a command with the context that its global options make. */
export type Act = (command: Command, body: CommandBody) => Promise<void>

/** The folder of the local cluster. */
export function toHome(environment: NodeJS.ProcessEnv): string {
  return environment['HERALD_HOME'] ?? join(checkout, '.herald')
}

function findNode(nodes: readonly FleetNode[], id: string): FleetNode {
  const node = nodes.find((other) => other.id === id)
  if (node !== undefined) return node
  throw new CommandError(exitCodes.usage, `there is no node "${id}"`, {
    code: 'NODE_UNKNOWN',
    next: `use one of ${nodes.map((other) => other.id).join(', ')}`,
  })
}
