// The registry of every setting of a node that has an option, and the rule for the names of all. The parser, `--help`
// and docs/configuration.md are made from this table and the one in tunables.ts.

import type { TunableName } from './tunables.ts'

export type OptionName =
  | 'nodeId'
  | 'peers'
  | 'port'
  | 'host'
  | 'admin'
  | 'adminNames'
  | 'data'
  | 'cluster'
  | 'logLevel'
  | 'logFormat'
  | 'config'

/** A setting that has an option on the command line. */
export interface OptionEntry {
  /** Long option without dashes; also the environment variable, as HERALD_ and upper case. */
  readonly flag: string
  /** What stands for the value in the help. */
  readonly value: string
  /** Key in the configuration file; absent where the file cannot hold it. */
  readonly key?: string
  readonly meaning: string
  /** The default in words; absent if the setting is required. */
  readonly fallback?: string
  /** Why the default is that. */
  readonly reason: string
}

/** Settings with an option, by name. */
export const options: Readonly<Record<OptionName, OptionEntry>> = {
  nodeId: {
    flag: 'node-id',
    value: 'ID',
    key: 'nodeId',
    meaning: 'Which node of peers.json this process is.',
    reason: 'Nothing sensible can be guessed.',
  },
  peers: {
    flag: 'peers',
    value: 'FILE',
    key: 'peers',
    meaning: 'The nodes of the cluster: peers.json. Relative to the working directory.',
    reason: 'Nothing sensible can be guessed.',
  },
  port: {
    flag: 'port',
    value: 'PORT',
    key: 'port',
    meaning: 'Port for clients and other nodes, 1 to 65535.',
    fallback: 'the port that peers.json gives this node',
    reason: 'They differ only where ports are forwarded.',
  },
  host: {
    flag: 'host',
    value: 'HOST',
    key: 'host',
    meaning: 'Address to listen on.',
    fallback: '0.0.0.0',
    reason: 'Other nodes and clients are on other machines.',
  },
  admin: {
    flag: 'admin',
    value: 'HOST:PORT',
    key: 'admin',
    meaning: 'Where the admin interface listens; port 0 takes any free port.',
    fallback: '127.0.0.1 and the port + 1000',
    reason: 'It can stop the node, so it is not reachable from outside unless asked for.',
  },
  adminNames: {
    flag: 'admin-names',
    value: 'NAMES',
    key: 'adminNames',
    meaning:
      'Host names, separated by commas, by which the admin interface may be called besides addresses and localhost.',
    fallback: 'none',
    reason: 'A web page must not reach it by a name that it points at this machine (DNS rebinding).',
  },
  data: {
    flag: 'data',
    value: 'DIR',
    key: 'data',
    meaning: 'Data directory: journal, logs, subscriptions. Relative to the working directory.',
    fallback: '.herald/data/ and the node id',
    reason: 'Nodes started in the same place do not share one.',
  },
  cluster: {
    flag: 'cluster',
    value: 'NAME',
    key: 'cluster',
    meaning: 'Name of the cluster, 1 to 64 of A-Z a-z 0-9 _ - . ; nodes of another name are refused.',
    fallback: 'herald',
    reason: 'One cluster on a network is usual.',
  },
  logLevel: {
    flag: 'log-level',
    value: 'LEVEL',
    key: 'logLevel',
    meaning: 'One of fatal, error, warn, info, debug, trace, silent.',
    fallback: 'info',
    reason: 'Shows what changes, not what passes.',
  },
  logFormat: {
    flag: 'log-format',
    value: 'FORMAT',
    key: 'logFormat',
    meaning: 'json or pretty.',
    fallback: 'pretty on a terminal, else json',
    reason: 'People read terminals, programs read everything else.',
  },
  config: {
    flag: 'config',
    value: 'FILE',
    meaning: 'A JSON file with settings, by the keys of this page.',
    fallback: 'none',
    reason: 'The options are enough for most.',
  },
}

export type SettingName = OptionName | TunableName

/** The environment variable of a setting: HERALD_NODE_ID, HERALD_RETENTION_BYTES, HERALD_JOURNAL_FILE_BYTES. */
export function toEnvironmentName(flagOrKey: string): string {
  const words = flagOrKey.replaceAll(/([a-z])([A-Z])/g, '$1_$2')
  return `HERALD_${words.replaceAll(/[.-]/g, '_').toUpperCase()}`
}
