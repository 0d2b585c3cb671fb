// What is known about the local cluster between two commands: `.herald/cluster.json`, written whole and renamed into place, and
// the lock that lets one command at a time change it.

import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CommandError, exitCodes, toMessage } from '../cli/outcome.ts'
import { isRunning, type ProcessHandle, readStart } from './process-table.ts'

/** One node of the local cluster. */
export interface LocalNode {
  readonly id: string
  readonly port: number
  readonly adminPort: number
  /** The process that was started for it last; it may have ended since. */
  readonly process?: ProcessHandle
}

export interface LocalState {
  readonly version: 1
  readonly nodes: readonly LocalNode[]
}

/** Reads the state; undefined when no cluster was ever started here. Throws when there is a file that cannot be used. */
export async function readState(home: string): Promise<LocalState | undefined> {
  const file = join(home, 'cluster.json')
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw toStateError(file, toMessage(error), 'see that this user can read it')
  }
  const state = parseState(text)
  if (state?.version === 1 && state.nodes?.every(isNode)) return state
  if (typeof state?.version === 'number' && state.version !== 1)
    throw toStateError(file, 'another version wrote it', 'stop that cluster with the version that started it')
  const next = 'delete it; then `herald doctor` names the processes that it left, and `herald up` starts anew'
  throw toStateError(file, 'it is damaged', next)
}

function isNode(node: LocalNode | null): boolean {
  return typeof node?.id === 'string' && typeof node.port === 'number' && typeof node.adminPort === 'number'
}

/** Undefined for what is not JSON; a file that somebody has changed may hold anything. */
function parseState(text: string): LocalState | undefined {
  try {
    return JSON.parse(text) ?? undefined
  } catch {
    return undefined
  }
}

/** Nothing is guessed from half a file: nodes may be running that only it names. */
function toStateError(file: string, reason: string, next: string): CommandError {
  return new CommandError(exitCodes.failure, `${file} cannot be used: ${reason}`, { next })
}

/** Replaces the state; a reader sees the old or the new one, never half of it. */
export async function writeState(home: string, state: LocalState): Promise<void> {
  const draft = join(home, `cluster.json.${process.pid}`)
  await writeFile(draft, `${JSON.stringify(state, undefined, 2)}\n`)
  await rename(draft, join(home, 'cluster.json'))
}

/** Runs the work while holding the lock of this home; refuses when another living command holds it. */
export async function withLock<Result>(home: string, work: () => Promise<Result>): Promise<Result> {
  await mkdir(home, { recursive: true })
  const file = join(home, 'lock')
  await takeLock(file)
  try {
    return await work()
  } finally {
    await rm(file, { force: true })
  }
}

async function takeLock(file: string): Promise<void> {
  const mine: ProcessHandle = { pid: process.pid, startedAt: readStart(process.pid) ?? '' }
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const handle = await open(file, 'wx')
      await handle.writeFile(JSON.stringify(mine))
      await handle.close()
      return
    } catch {
      const holder = await readHolder(file)
      if (holder !== undefined && isRunning(holder)) {
        throw new CommandError(
          exitCodes.failure,
          `another command is starting or stopping the cluster (pid ${holder.pid})`,
          {
            next: 'wait for it to end, then try again',
          },
        )
      }
      await rm(file, { force: true })
    }
  }
  throw new CommandError(exitCodes.failure, `cannot take the lock ${file}`, {
    next: 'check that the folder can be written',
  })
}

async function readHolder(file: string): Promise<ProcessHandle | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch {
    return undefined
  }
}

/** So many nodes: those that were there last, whatever their names, and then others, A, B and so on. */
export function planIds(last: readonly string[], count: number): readonly string[] {
  const letters = Array.from({ length: 26 }, (_, index) => String.fromCharCode(65 + index))
  return [...new Set([...last, ...letters])].slice(0, count)
}
