// Processor profiles that V8 wrote (`node --cpu-prof`), read for the one thing that matters first: in which functions the
// time was spent.

import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

/** A profile as V8 writes it. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: {
      readonly functionName: string
      readonly url: string
      readonly lineNumber: number
    }
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

const functionsShown = 12

/** Where the time of each process went, by its own time; idle time is left out. */
export function renderProfiles(directory: string): string[] {
  return listProfiles(directory).flatMap((file) => {
    const profile = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile
    const top = toSelfTimes(profile).slice(0, functionsShown)
    return [file, ...top.map(({ name, part }) => `  ${(part * 100).toFixed(1).padStart(5)} %  ${name}`), '']
  })
}

/**
 * Own time of every function as a part of all busy time, largest first. Only the second half of the process's life counts:
 * the first is start-up and warm-up.
 */
export function toSelfTimes(profile: CpuProfile): { readonly name: string; readonly part: number }[] {
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, toName(callFrame)]))
  const times = new Map<string, number>()
  const halfTime = profile.timeDeltas.reduce((sum, delta) => sum + delta, 0) / 2
  let passed = 0
  let busy = 0
  profile.samples.forEach((id, index) => {
    const name = names.get(id) ?? ''
    const time = profile.timeDeltas[index] ?? 0
    passed += time
    if (name === '(idle)' || passed <= halfTime) return
    busy += time
    times.set(name, (times.get(name) ?? 0) + time)
  })
  return [...times]
    .map(([name, time]) => ({ name, part: time / busy }))
    .toSorted((left, right) => right.part - left.part)
}

function toName({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName
  return url === '' ? name : `${name} ${basename(url)}:${lineNumber + 1}`
}

function listProfiles(directory: string): string[] {
  return readdirSync(directory, { recursive: true })
    .map((name) => join(directory, String(name)))
    .filter((file) => file.endsWith('.cpuprofile'))
    .toSorted()
}
