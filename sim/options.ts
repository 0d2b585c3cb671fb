// What `npm run sim` is asked for.

import { parseArgs } from 'node:util'
import { type SeedRange, type WorldName, worlds } from './worlds.ts'

export const usage: string = `usage: npm run sim -- [--world gossip|leader|switching|exploration] [--seeds 100] [--first 1] [--seed N] [--nodes N]
                      [--twice 10] [--threads N] [--verbose]

  --world W    streams in gossip mode, 3 to 7 nodes, in leader mode, 1 to 5, or that change their mode, 3 to 5; or exploration:
               every case of a small scope of the last, where a seed is the number of a case; without it one after the other
  --seeds N    how many seeds to run, from --first on; of exploration at most as many as there are
  --seed N     runs this one alone, twice, and prints its story
  --nodes N    instead of the number that the seed draws: 2 to 16, in leader mode 1 to 5, switching 3 to 5
  --twice N    one seed of N is run twice, and must be the same both times; 1: each
  --threads N  how many to use; without it one a core
  --verbose    prints the story of every run, on one thread
`

export interface Options {
  readonly ranges: readonly SeedRange[]
  /** 0: this thread, and every story is printed. */
  readonly threads: number
}

/** Words that make no sense; the message says which. */
export class OptionsError extends Error {}

/** What the words ask for. `cores`: how many threads to use where they say nothing. Throws OptionsError. */
export function readOptions(words: readonly string[], cores: number): Options {
  const values = readWords(words, cores)
  const { seed, world } = values
  const first = toCount('first', seed ?? values.first)
  const count = seed === undefined ? toCount('seeds', values.seeds) : 1
  const twiceOneOf = seed === undefined ? toCount('twice', values.twice) : 1
  const threads = toCount('threads', values.threads)
  const nodes = values.nodes === undefined ? undefined : toCount('nodes', values.nodes)
  const all = toNames(world, nodes).map((name) => {
    const { seedsMax = Number.POSITIVE_INFINITY } = worlds[name]
    return { world: name, first, count: Math.min(count, seedsMax - first + 1), nodes, twiceOneOf }
  })
  // A world that has no such seeds is left out, unless it is the one that is asked for.
  const ranges = all.filter((range) => range.count >= 1)
  if (ranges.length === 0)
    throw new OptionsError(
      `${world} has ${worlds[all[0]?.world ?? 'exploration'].seedsMax} seeds, none from ${first} on`,
    )
  return { ranges, threads: values.verbose || seed !== undefined ? 0 : threads }
}

function readWords(words: readonly string[], cores: number) {
  try {
    return parseArgs({
      args: [...words],
      options: {
        world: { type: 'string' },
        seeds: { type: 'string', default: '100' },
        first: { type: 'string', default: '1' },
        seed: { type: 'string' },
        nodes: { type: 'string' },
        twice: { type: 'string', default: '10' },
        threads: { type: 'string', default: String(cores) },
        verbose: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    throw new OptionsError(error instanceof Error ? error.message : String(error))
  }
}

/** The worlds of a name, or all, that have so many nodes. */
function toNames(world: string | undefined, nodes: number | undefined): readonly WorldName[] {
  const names = (Object.keys(worlds) as WorldName[]).filter((name) => world === undefined || name === world)
  if (names.length === 0) throw new OptionsError(`no world is called ${world}`)
  const fitting = names.filter(
    (name) => nodes === undefined || (nodes >= worlds[name].nodesMin && nodes <= worlds[name].nodesMax),
  )
  if (fitting.length === 0) throw new OptionsError(`--nodes ${nodes}: no such world has so many`)
  return fitting
}

function toCount(option: string, text: string): number {
  const count = Number(text)
  if (!Number.isSafeInteger(count) || count < 1)
    throw new OptionsError(`--${option} ${text}: not a whole number from 1 on`)
  return count
}
