// The rooms of the project and the walls between them, as one table: ARCHITECTURE.md shows the same rows, and a test keeps
// both equal to what the files import.

import type { Import } from './imports.ts'

/** A room: a folder, or the files of a folder without its subfolders. */
export interface Room {
  readonly name: string
  /** Rooms whose files it may import. */
  readonly mayImport: readonly string[]
  /** Packages that it may import. */
  readonly packages: readonly string[]
  /** Node's own modules: none in pure rooms. */
  readonly builtins: 'all' | 'none'
}

const tools = ['@nats-io/jetstream', '@nats-io/transport-node', 'mqtt', 'redis', 'hdr-histogram-js']

export const rooms: readonly Room[] = [
  room('node/core/common', [], []),
  room('node/core/stream', ['node/core/common'], []),
  room('node/core/gossip', ['node/core/common', 'node/core/stream'], []),
  room('node/core/raft', ['node/core/common'], []),
  room('node/core/wal', ['node/core/common'], []),
  room('node/wire', ['node/core/common', 'node/core/stream', 'node/core/gossip', 'node/core/raft'], []),
  room('node/groups', ['node/core/common', 'node/core/raft', 'node/core/wal', 'node/wire'], []),
  room('node/meta', ['node/core/common', 'node/core/raft', 'node/wire', 'node/groups'], []),
  room('node/leader', ['node/core/**', 'node/wire', 'node/groups', 'node/meta'], []),
  room(
    'node/broker',
    ['node/core/common', 'node/core/stream', 'node/core/gossip', 'node/wire', 'node/leader'],
    [],
  ),
  room('node/config', ['node/core/common'], [], 'all'),
  room('node/storage', ['node/core/common', 'node/core/wal'], ['hdr-histogram-js'], 'all'),
  room('node/net', ['node/core/common'], ['ws', 'prom-client'], 'all'),
  room('node', ['node/**'], ['pino'], 'all'),
  room('audit', ['node/core/common', 'node/core/stream'], ['hdr-histogram-js']),
  room('client', ['node/core/common', 'node/core/stream', 'node/wire'], ['ws'], 'all'),
  room(
    'scripts',
    [
      ...['client', 'audit', 'node/config', 'node/core/common', 'node/core/wal', 'node/wire'],
      ...['node/groups', 'node/storage'],
    ],
    ['commander'],
    'all',
  ),
  room('sim', ['node/core/**', 'node/wire', 'node/groups', 'node/leader', 'node/broker', 'audit'], [], 'all'),
  room('conformance', ['node/core/raft'], [], 'all'),
  room('bench', ['client', 'scripts', 'node/config'], tools, 'all'),
  room('docker', [], [], 'all'),
]

/** The rows of the table in ARCHITECTURE.md. */
export function toMarkdownRow({ name, mayImport, packages, builtins }: Room): string {
  const cell = (names: readonly string[]): string => names.map((each) => `\`${each}\``).join(', ') || '-'
  return `| \`${name}\` | ${cell(mayImport)} | ${cell(packages)} | ${builtins === 'all' ? 'yes' : 'no'} |`
}

/** The room that a path lies in: the one with the longest name that fits. */
export function roomOf(path: string): Room | undefined {
  const fitting = rooms.filter(({ name }) => path.startsWith(`${name}/`))
  const found = fitting.toSorted((a, b) => b.name.length - a.name.length)[0]
  const isTopOfNode = path.split('/').length === 2
  return found?.name === 'node' && !isTopOfNode ? undefined : found
}

/** Why an import breaks the walls; undefined if it does not. Everything may read package.json for its version. */
export function wallProblem({ from, to, isLocal }: Import): string | undefined {
  const room = roomOf(from)
  if (room === undefined) return `${from} lies in no room`
  if (!isLocal) return packageProblem(room, from, to)
  if (to === 'package.json') return undefined
  const target = roomOf(to)
  if (target === undefined) return `${from} imports ${to}, which lies in no room`
  if (target === room || room.mayImport.some((name) => fits(target.name, name))) return undefined
  return `${from} imports ${to}; ${room.name} may import ${room.mayImport.join(', ') || 'nothing'}`
}

function packageProblem(room: Room, from: string, to: string): string | undefined {
  if (to.startsWith('node:')) return room.builtins === 'all' ? undefined : `${from} imports ${to}`
  return room.packages.includes(to) ? undefined : `${from} imports the package ${to}`
}

/** `node/core/**` fits every room under node/core. */
function fits(name: string, allowed: string): boolean {
  return allowed.endsWith('/**') ? name.startsWith(allowed.slice(0, -2)) : name === allowed
}

function room(
  name: string,
  mayImport: readonly string[],
  packages: readonly string[],
  builtins: 'all' | 'none' = 'none',
): Room {
  return { name, mayImport, packages, builtins }
}
