// Entry point of a node: arguments in, one running node, exit codes out. 0 stopped in order, 1 failed, 2 refused to start.

import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import v8 from 'node:v8'
import pino, { type Logger } from 'pino'
import packageJson from '../package.json' with { type: 'json' }
import { parseArguments } from './config/arguments.ts'
import { describeConfig, type NodeConfig } from './config/node-config.ts'
import { formatProblems } from './config/problem.ts'
import { formatHelp } from './config/settings-text.ts'
import { errorEntry, HeraldError } from './core/common/errors.ts'
import type { Boot } from './core/common/ids.ts'
import { rehearse } from './core/stream/rehearsal.ts'
import { Node } from './node.ts'
import { prettyStream } from './pretty-log.ts'
import { DataDirectory } from './storage/data-directory.ts'

const { version } = packageJson

// Batches live outside of V8's heap. By default V8 collects everything whenever some tens of megabytes of such memory have
// passed, which at full speed took half of the node's processor time; with this it weighs them like its own.
if (process.versions.node.startsWith('24.'))
  v8.setFlagsFromString('--external-memory-accounted-in-global-limit')

await main()

async function main(): Promise<void> {
  const parsed = parseArguments({
    argv: process.argv.slice(2),
    environment: process.env,
    readFile: (path) => readFileSync(path, 'utf8'),
    isTerminal: process.stdout.isTTY === true,
  })
  if (parsed.kind === 'help') return void process.stdout.write(formatHelp())
  if (parsed.kind === 'version') return void process.stdout.write(`herald ${version}\n`)
  if (parsed.kind === 'problems') {
    process.stderr.write(`${formatProblems(parsed.problems)}\n`)
    process.exitCode = 2
    return
  }
  const log = createLog(parsed.config)
  try {
    await run(parsed.config, log)
  } catch (error) {
    if (!(error instanceof HeraldError)) throw error
    process.stderr.write(`${error.code}: ${error.message}\n${error.action}\n`)
    process.exit(errorEntry(error.code).fate === 'exit 2' ? 2 : 1)
  }
}

async function run(config: NodeConfig, log: Logger): Promise<void> {
  rehearse()
  const { dataPath: path, nodeId: node, cluster } = config
  const directory = await DataDirectory.open({ path, node, cluster, nowMs: Date.now(), drawMember: draw })
  log.info({ event: 'starting', version, settings: describeConfig(config) })
  const boot = draw() as Boot
  const started = await Node.start({
    config,
    directory,
    boot,
    version,
    log,
    random: Math.random,
    onStopped: (failure) => {
      if (failure !== undefined) process.stderr.write(`${failure}\n`)
      log.flush()
      process.exit(failure === undefined ? 0 : 2)
    },
  }).catch((error: unknown) => {
    directory.release()
    throw error
  })
  watchSignals(started)
}

/** 52 random bits: no boot and no member is ever drawn twice in the life of a cluster. */
function draw(): number {
  return randomInt(2 ** 47) * 32 + randomInt(1, 32)
}

/** The first signal drains; the second ends the process at once. */
function watchSignals(node: Node): void {
  let signals = 0
  const onSignal = (signal: string): void => {
    if (++signals > 1) process.exit(1)
    void node.stop(signal)
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
}

function createLog(config: NodeConfig): Logger {
  const options = {
    level: config.logLevel,
    base: { node: config.nodeId, cluster: config.cluster },
    timestamp: pino.stdTimeFunctions.epochTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  if (config.logFormat === 'pretty') return pino(options, prettyStream(process.stdout))
  return pino(options, pino.destination({ dest: 1, sync: false, minLength: 0 }))
}
