// What a benchmark report says about where its numbers come from.

import { spawnSync } from 'node:child_process'
import { cpus, loadavg, release, totalmem } from 'node:os'

export interface Environment {
  readonly at: string
  readonly machine: {
    readonly processor: string
    readonly cores: number
    readonly memoryBytes: number
    readonly kernel: string
    readonly loadAverage: readonly number[]
  }
  readonly versions: Readonly<Record<string, string>>
  readonly commit: string
  readonly summary: string
}

/** Describes this machine and the versions that are compared. */
export function describeRun(systems: ReadonlyMap<string, string>): Environment {
  const processor = cpus()[0]?.model.trim() ?? 'unknown'
  const cores = cpus().length
  const versions = { node: process.version, ...Object.fromEntries(systems) }
  const commit = readCommit()
  const list = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return {
    at: new Date().toISOString(),
    machine: {
      processor,
      cores,
      memoryBytes: totalmem(),
      kernel: release(),
      loadAverage: loadavg(),
    },
    versions,
    commit,
    summary: `${processor}, ${cores} cores; ${list.join(', ')}; commit ${commit}`,
  }
}

/** The commit that is measured, marked if files differ from it. */
function readCommit(): string {
  const ask = (...words: string[]): string =>
    spawnSync('git', words, { encoding: 'utf8' }).stdout?.trim() ?? ''
  const commit = ask('rev-parse', '--short', 'HEAD')
  if (commit === '') return 'unknown'
  return ask('status', '--porcelain', '--untracked-files=no') === '' ? commit : `${commit} with changes`
}
