// One validated, frozen value that says everything about a node before it starts, and where each part came from.

import type { NodeId } from '../core/common/ids.ts'
import { type Address, formatAddress } from './address.ts'
import type { Peers } from './peers.ts'
import { formatTunable, type LogFormat, type LogLevel } from './setting-value.ts'
import type { OptionName, SettingName } from './settings.ts'
import { type TunableName, type Tunables, tunables } from './tunables.ts'

/** Everything about a node before it starts. */
export interface NodeConfig {
  readonly nodeId: NodeId
  readonly host: string
  readonly port: number
  readonly cluster: string
  /** All nodes of the cluster, this one included. */
  readonly peers: Peers
  /** The file that they were read from. */
  readonly peersPath: string
  readonly dataPath: string
  readonly admin: Address
  /** Host names by which the admin interface may be called, in lower case. */
  readonly adminNames: readonly string[]
  readonly logLevel: LogLevel
  readonly logFormat: LogFormat
  readonly tunables: Tunables
  /** Where each setting came from: `--port`, `HERALD_PORT`, `herald.json: port`, `default`. */
  readonly origins: ReadonlyMap<SettingName, string>
}

/** One line of the start-up log and of `herald doctor`. */
export interface SettingDescription {
  readonly name: string
  readonly value: string
  readonly origin: string
}

/** Every setting with its value and where it came from, in the order of docs/configuration.md. */
export function describeConfig(config: NodeConfig): readonly SettingDescription[] {
  const values: Readonly<Record<Exclude<OptionName, 'config'>, string>> = {
    nodeId: config.nodeId,
    peers: config.peersPath,
    port: String(config.port),
    host: config.host,
    admin: formatAddress(config.admin),
    adminNames: config.adminNames.join(',') || 'none',
    data: config.dataPath,
    cluster: config.cluster,
    logLevel: config.logLevel,
    logFormat: config.logFormat,
  }
  const described: SettingDescription[] = []
  const describe = (name: SettingName, key: string, value: string): void => {
    described.push({ name: key, value, origin: config.origins.get(name) ?? 'default' })
  }
  for (const [name, value] of Object.entries(values) as [keyof typeof values, string][]) {
    describe(name, name, value)
  }
  for (const name of Object.keys(tunables) as TunableName[]) {
    describe(name, tunables[name].key, formatTunable(config.tunables[name], tunables[name]))
  }
  return described
}
