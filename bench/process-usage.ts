// Processor time and memory of other processes, from /proc (Linux).

import { readFileSync } from 'node:fs'

/** What /proc counts processor time in: USER_HZ, which is 100 on every Linux platform that Node runs on. */
const ticksPerSecond = 100

/** User and system time that the processes have used so far, all threads, in milliseconds; a tick is 10 ms. */
export function cpuMsOf(pids: readonly number[]): number {
  let ticks = 0
  for (const pid of pids) ticks += toTicks(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  return (ticks * 1000) / ticksPerSecond
}

/** The sum of the fields utime and stime. Fields are counted behind the command, which may hold spaces. */
export function toTicks(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}

/** Memory of one process in bytes: resident, and with shared pages divided among those who share them. */
export function memoryOf(pid: number): { readonly rssBytes: number; readonly pssBytes: number } {
  return toMemory(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))
}

export function toMemory(rollup: string): { readonly rssBytes: number; readonly pssBytes: number } {
  const kibibytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1] ?? 0)
  return { rssBytes: kibibytes('Rss') * 1024, pssBytes: kibibytes('Pss') * 1024 }
}
