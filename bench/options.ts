// The command line of `npm run bench`.

import { parseArgs } from 'node:util'
import { systemNames } from './drivers/registry.ts'

export interface BenchOptions {
  readonly letters: readonly string[]
  /** Systems asked for; undefined for all that are installed. */
  readonly systems: readonly string[] | undefined
  /** Fixed rates of (d), (e) and (h), messages/s. */
  readonly rates: readonly number[]
  readonly runs: number
  readonly warmUpMs: number
  readonly durationMs: number
  readonly restMs: number
  /** How often a run of (i) kills the server that leads. */
  readonly trials: number
  /** Folder for processor profiles; undefined for none. */
  readonly profileDirectory: string | undefined
}

const letters = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'] as const
/** Fixed rates at which latency and processor time are measured, messages/s. */
const fixedRates = [1000, 5000, 10_000, 50_000] as const

/** Of runs, and of trials in one. */
const countMax = 100

export const helpText = `npm run bench -- [--quick] [--only a,c] [--systems herald,nats] [--rates 10000] [--runs 5]
                [--trials 20] [--profile DIR]

Compares Herald with whichever of NATS, Redis and Mosquitto is installed (nats-server, redis-server, mosquitto on the
PATH), its leader mode with NATS JetStream, and writes reports/bench.json.

  --quick        one short run of everything; for a look, not for a number
  --only         a one publisher, one server, one subscriber   b several subscribers   c across a cluster of three
                 d latency at fixed rates   e processor time of the server   f a cluster of five at rest
                 and with three servers that keep what is published: g acknowledged messages   h latency to the
                 acknowledgement at fixed rates   i time without acknowledgements when the server that leads is killed
  --systems      which of herald, nats, redis, mosquitto (a to f), herald-leader, jetstream, jetstream-always (g to i)
  --rates        which of 1000, 10000, 50000 messages/s in d and e, 1000, 5000 in h; default all
  --runs         runs per cell, of which the median is shown; default 5
  --trials       how often each run of i kills a server; default 20
  --profile DIR  also writes processor profiles of all Node processes into DIR and prints where their time goes; this
                 slows them, so the numbers are not to be compared
`

/** Options from the words behind the command; a text if they are wrong. */
export function parseOptions(words: readonly string[]): BenchOptions | 'help' | { readonly problem: string } {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: {
        quick: { type: 'boolean', default: false },
        only: { type: 'string', default: letters.join(',') },
        systems: { type: 'string' },
        rates: { type: 'string' },
        runs: { type: 'string' },
        trials: { type: 'string' },
        profile: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    if (values.help) return 'help'
    const chosen = values.only.split(',')
    const unknown = chosen.find((letter) => !letters.some((known) => known === letter))
    if (unknown !== undefined) return { problem: `--only: "${unknown}" is none of ${letters.join(', ')}` }
    const systems = values.systems?.split(',')
    const stranger = systems?.find((name) => !systemNames.some((known) => known === name))
    if (stranger !== undefined)
      return { problem: `--systems: "${stranger}" is none of ${systemNames.join(', ')}` }
    const rates = values.rates?.split(',').map(Number) ?? fixedRates
    const strange = rates.find((rate) => !fixedRates.some((known) => known === rate))
    if (strange !== undefined) return { problem: `--rates: ${strange} is none of ${fixedRates.join(', ')}` }
    const runs = toCount('--runs', values.runs, values.quick ? 1 : 5)
    const trials = toCount('--trials', values.trials, values.quick ? 2 : 20)
    return {
      letters: chosen,
      systems,
      rates,
      runs,
      warmUpMs: values.quick ? 500 : 1000,
      durationMs: values.quick ? 1000 : 2000,
      restMs: values.quick ? 10_000 : 60_000,
      trials,
      profileDirectory: values.profile,
    }
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) }
  }
}

function toCount(option: string, word: string | undefined, otherwise: number): number {
  const count = Number(word ?? otherwise)
  if (Number.isInteger(count) && count >= 1 && count <= countMax) return count
  throw new RangeError(`${option}: ${word} is not 1..${countMax}`)
}
