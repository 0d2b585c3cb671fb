// Processes by (pid, start time): a pid alone may have been handed to somebody else since, and a stranger must never be
// signalled. On Linux the start time is field 22 of /proc/PID/stat with the boot of the machine; elsewhere `ps` says it.

import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** A process that can be recognised later. */
export interface ProcessHandle {
  readonly pid: number
  readonly startedAt: string
}

/** When the process with this pid started, as an opaque text; undefined if there is none. */
export function readStart(pid: number): string | undefined {
  if (process.platform === 'linux') return readLinuxStart(pid)
  try {
    const answer = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return answer.trim() || undefined
  } catch {
    return undefined
  }
}

/** True while that very process runs. */
export function isRunning(handle: ProcessHandle): boolean {
  return readStart(handle.pid) === handle.startedAt
}

/** Sends a signal to that very process; false if it is gone. */
export function trySignal(handle: ProcessHandle, signal: NodeJS.Signals): boolean {
  if (!isRunning(handle)) return false
  try {
    process.kill(handle.pid, signal)
    return true
  } catch {
    return false
  }
}

/** Pids of processes whose command line contains the text; Linux only, empty elsewhere. */
export function findByCommand(text: string): readonly number[] {
  if (process.platform !== 'linux') return []
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.map(Number).filter((pid) => readProcFile(pid, 'cmdline')?.split('\0').includes(text))
}

function readLinuxStart(pid: number): string | undefined {
  const stat = readProcFile(pid, 'stat')
  if (stat === undefined) return undefined
  // The second field is the command in parentheses and may hold spaces; fields are counted behind its end.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const state = fields[0]
  if (state === 'Z' || state === 'X') return undefined
  return `${readBoot()}:${fields[19]}`
}

function readBoot(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}

function readProcFile(pid: number, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch {
    return undefined
  }
}
