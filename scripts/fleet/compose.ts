// The cluster in containers: drives `docker compose` with compose.yaml at the top. Node ids come from docker/peers.json; ports
// follow their order there, client ports from PREFIX00 and admin ports from PREFIX10, all on loopback.

import { execFile, spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { CommandError, exitCodes, toMessage } from '../cli/outcome.ts'
import { checkout } from '../runtime/installation.mjs'
import type {
  Diagnosis,
  DownOptions,
  DownResult,
  Fleet,
  FleetNode,
  FormerJournal,
  UpOptions,
  UpResult,
} from './fleet.ts'

const run = promisify(execFile)
/** First three digits of the ports on the host, as compose.yaml has them; HERALD_COMPOSE_PORT_PREFIX changes both. */
const portPrefixDefault = '180'
const outputBytesMax = 256 * 1024 * 1024

/** Nodes as containers of this machine. */
export class ComposeFleet implements Fleet {
  readonly name = 'compose'
  readonly #environment: NodeJS.ProcessEnv
  readonly #portPrefix: string

  /** The environment is that of `docker compose`: COMPOSE_PROJECT_NAME and HERALD_COMPOSE_PORT_PREFIX count. */
  constructor(environment: NodeJS.ProcessEnv) {
    this.#environment = environment
    this.#portPrefix = environment['HERALD_COMPOSE_PORT_PREFIX'] ?? portPrefixDefault
    if (!/^[1-9]\d{1,2}$/.test(this.#portPrefix) || Number(this.#portPrefix) * 100 > 65_400) {
      throw new CommandError(exitCodes.usage, `HERALD_COMPOSE_PORT_PREFIX is "${this.#portPrefix}"`, {
        next: 'use two or three digits: 180 makes ports 18000 to 18014',
      })
    }
  }

  async nodes(): Promise<readonly FleetNode[]> {
    const peers: unknown = JSON.parse(await readFile(join(checkout, 'docker', 'peers.json'), 'utf8'))
    return Object.keys(peers ?? {}).map((id, index) => ({
      id,
      clientUrl: `ws://127.0.0.1:${this.#portPrefix}0${index}`,
      adminUrl: `http://127.0.0.1:${this.#portPrefix}1${index}`,
    }))
  }

  async running(): Promise<readonly string[]> {
    const services = (await this.#capture(['ps', '--services', '--status', 'running'])).split('\n')
    return (await this.nodes()).map((node) => node.id).filter((id) => services.includes(toService(id)))
  }

  async up(options: UpOptions): Promise<UpResult> {
    const nodes = await this.nodes()
    if (options.nodeCount !== undefined && options.nodeCount !== nodes.length) {
      throw new CommandError(
        exitCodes.usage,
        `compose.yaml has ${nodes.length} nodes, not ${options.nodeCount}`,
        {
          next: 'leave --nodes out, or use --target local',
        },
      )
    }
    const running = await this.running()
    await this.#follow(['up', '--build', '--detach', '--wait', '--quiet-pull'], options)
    const ids = nodes.map((node) => node.id)
    return {
      started: ids.filter((id) => !running.includes(id)),
      running: ids.filter((id) => running.includes(id)),
    }
  }

  async add(id: string): Promise<void> {
    throw new CommandError(
      exitCodes.failure,
      `node ${id} is to be added to compose.yaml and docker/peers.json first`,
      {
        next: 'add a service there, then `docker compose up --wait`: it joins by itself',
      },
    )
  }

  /** What compose.yaml says is the user's; `docker compose rm` takes the container away. */
  async forget(): Promise<void> {}

  /** Volumes of services that are gone are the user's too. */
  async formerJournals(): Promise<readonly FormerJournal[]> {
    return []
  }

  async clearFormerJournals(): Promise<void> {}

  async down(options: DownOptions): Promise<DownResult> {
    const running = await this.running()
    await this.#follow(['down'], options)
    const remaining = await this.running()
    return {
      stopped: running.filter((id) => !remaining.includes(id)),
      remaining: remaining.map((node) => ({
        node,
        reason: 'its container still runs; see `docker compose ps`',
      })),
    }
  }

  async saveLog(id: string, file: string): Promise<void> {
    const log = await this.#capture(['logs', '--no-log-prefix', '--no-color', toService(id)])
    await writeFile(file, log)
  }

  /** Docker keeps what containers print until they are removed. */
  async clearLogs(): Promise<boolean> {
    return false
  }

  async diagnose(): Promise<readonly Diagnosis[]> {
    const subject = 'compose cluster'
    const running = await this.running()
    const nodes = await this.nodes()
    if (running.length === 0) return [{ subject, level: 'ok', message: 'stopped' }]
    if (running.length === nodes.length)
      return [{ subject, level: 'ok', message: `${nodes.length} containers run` }]
    return [
      {
        subject,
        level: 'fail',
        message: `${running.length} of ${nodes.length} containers run`,
        action: 'see `docker compose ps --all`, then `herald --target compose up`',
      },
    ]
  }

  async #capture(command: readonly string[]): Promise<string> {
    try {
      const options = { env: this.#environment, cwd: checkout, maxBuffer: outputBytesMax }
      return (await run('docker', ['compose', ...command], options)).stdout
    } catch (error) {
      throw toDockerError(command, toMessage(error).trim().split('\n').at(-1) ?? '')
    }
  }

  /** Runs a long command and shows what it says as progress. */
  async #follow(command: readonly string[], options: DownOptions): Promise<void> {
    const child = spawn('docker', ['compose', '--progress', 'plain', ...command], {
      env: this.#environment,
      cwd: checkout,
      stdio: ['ignore', 'pipe', 'pipe'],
      signal: options.signal,
    })
    const ended = new Promise<number | string>((resolve) => {
      child.once('error', (error) => resolve(error.message))
      child.once('close', (code, signal) => resolve(code ?? signal ?? 'ended'))
    })
    let lastLine = ''
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        lastLine = line.trim() || lastLine
        options.progress(line)
      })
    }
    const outcome = await ended
    if (outcome !== 0) throw toDockerError(command, typeof outcome === 'string' ? outcome : lastLine)
  }
}

/** Name of a node's service in compose.yaml. */
export function toService(id: string): string {
  return `node-${id.toLowerCase()}`
}

function toDockerError(command: readonly string[], reason: string): CommandError {
  return new CommandError(exitCodes.failure, `docker compose ${command[0]} failed: ${reason}`, {
    next: 'run `herald doctor` to see whether Docker and its Compose plugin are there',
  })
}
