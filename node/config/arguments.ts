// From arguments, environment and files to one validated configuration, or to all problems at once.
// Precedence: options, then environment, then configuration file, then defaults.

import type { NodeId } from '../core/common/ids.ts'
import { type Address, portMax } from './address.ts'
import type { NodeConfig } from './node-config.ts'
import { type Peers, parsePeers } from './peers.ts'
import { configProblem, type Problem } from './problem.ts'
import { type ConfigurationInput, type Given, readSettings, tryReadFile } from './setting-source.ts'
import {
  type Parsed,
  parseAdmin,
  parseCluster,
  parseHost,
  parseLogFormat,
  parseLogLevel,
  parseNames,
  parseNodeId,
  parsePath,
  parsePort,
  parseTunable,
} from './setting-value.ts'
import { type OptionName, options, type SettingName, toEnvironmentName } from './settings.ts'
import { type TunableName, type Tunables, tunables } from './tunables.ts'

/** How far the admin port lies above the port, so that two nodes on one machine differ in both. */
const adminPortOffset = 1000

export type ParsedArguments =
  | { readonly kind: 'config'; readonly config: NodeConfig }
  | { readonly kind: 'problems'; readonly problems: readonly Problem[] }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }

/** Reads the whole configuration of a node. */
export function parseArguments(input: ConfigurationInput): ParsedArguments {
  const problems: Problem[] = []
  const given = readSettings(input, problems)
  if (given.wantsHelp) return { kind: 'help' }
  if (given.wantsVersion) return { kind: 'version' }
  const config = new Reader(given.settings, problems).toConfig(input)
  if (problems.length > 0 || config === undefined) return { kind: 'problems', problems }
  return { kind: 'config', config }
}

/** Takes settings one after the other, collecting problems and origins. */
class Reader {
  readonly #given: ReadonlyMap<SettingName, Given>
  readonly #problems: Problem[]
  readonly #origins: Map<SettingName, string> = new Map()

  constructor(given: ReadonlyMap<SettingName, Given>, problems: Problem[]) {
    this.#given = given
    this.#problems = problems
  }

  /** Undefined if a required setting is missing or wrong; the problems say which. */
  toConfig(input: ConfigurationInput): NodeConfig | undefined {
    const nodeId = this.#required('nodeId', parseNodeId)
    const peersPath = this.#required('peers', parsePath)
    const peers = peersPath === undefined ? undefined : this.#readPeers(peersPath, nodeId, input)
    const known = nodeId === undefined ? undefined : peers?.get(nodeId)
    const port = this.#take('port', parsePort) ?? known?.port
    const rest = {
      host: this.#take('host', parseHost) ?? '0.0.0.0',
      admin: this.#take('admin', parseAdmin) ?? this.#defaultAdmin(port),
      adminNames: Object.freeze(this.#take('adminNames', parseNames) ?? []),
      dataPath: this.#take('data', parsePath) ?? `.herald/data/${nodeId}`,
      cluster: this.#take('cluster', parseCluster) ?? 'herald',
      logLevel: this.#take('logLevel', parseLogLevel) ?? 'info',
      logFormat: this.#take('logFormat', parseLogFormat) ?? (input.isTerminal ? 'pretty' : 'json'),
      tunables: Object.freeze(this.#takeTunables()),
    }
    const { admin } = rest
    if (nodeId === undefined || peersPath === undefined || peers === undefined) return undefined
    if (port === undefined || admin === undefined) return undefined
    return Object.freeze({ nodeId, port, peers, peersPath, ...rest, admin, origins: this.#origins })
  }

  #take<Value>(name: SettingName, parse: (given: unknown) => Parsed<Value>): Value | undefined {
    const given = this.#given.get(name)
    this.#origins.set(name, given?.place ?? 'default')
    if (given === undefined) return undefined
    const parsed = parse(given.value)
    if ('value' in parsed) return parsed.value
    this.#problems.push(configProblem(given.place, parsed.wrong))
    return undefined
  }

  #required<Value>(name: OptionName, parse: (given: unknown) => Parsed<Value>): Value | undefined {
    const { flag } = options[name]
    if (!this.#given.has(name)) {
      this.#problems.push(configProblem(`--${flag}`, `missing; also as ${toEnvironmentName(flag)}`))
    }
    return this.#take(name, parse)
  }

  #readPeers(path: string, nodeId: NodeId | undefined, input: ConfigurationInput): Peers | undefined {
    const text = tryReadFile(path, input, this.#problems)
    if (text === undefined) return undefined
    const { peers, problems } = parsePeers(text, path)
    this.#problems.push(...problems)
    // With problems in the file the node's own entry may be missing for that reason alone.
    if (problems.length === 0 && nodeId !== undefined && !peers.has(nodeId)) {
      const known = [...peers.keys()].join(', ')
      const place = this.#given.get('nodeId')?.place ?? '--node-id'
      const problem = { place, text: `node ${nodeId} is not in ${path}, which has ${known}` }
      this.#problems.push({ ...problem, code: 'NODE_UNKNOWN' })
    }
    return peers
  }

  #defaultAdmin(port: number | undefined): Address | undefined {
    if (port === undefined || this.#given.has('admin')) return undefined
    if (port + adminPortOffset <= portMax) {
      return Object.freeze({ host: '127.0.0.1', port: port + adminPortOffset })
    }
    const text = `missing; the default, port ${port} + ${adminPortOffset}, is above ${portMax}`
    this.#problems.push(configProblem(`--${options.admin.flag}`, text))
    return undefined
  }

  #takeTunables(): Tunables {
    const values: Partial<Record<TunableName, number>> = {}
    for (const name of Object.keys(tunables) as TunableName[]) {
      const entry = tunables[name]
      values[name] = this.#take(name, (given) => parseTunable(given, entry)) ?? entry.fallback
    }
    const complete = values as Tunables
    this.#checkOrder(complete, 'linkQueueSoftBytes', 'linkQueueHardBytes')
    this.#checkOrder(complete, 'sessionQueueSoftBytes', 'sessionQueueHardBytes')
    return complete
  }

  /** A soft limit above its hard limit would never act. */
  #checkOrder(values: Tunables, soft: TunableName, hard: TunableName): void {
    if (values[soft] <= values[hard]) return
    const place = this.#given.get(soft)?.place ?? this.#given.get(hard)?.place ?? tunables[soft].key
    this.#problems.push(configProblem(place, `${tunables[soft].key} is above ${tunables[hard].key}`))
  }
}
