// `herald doctor`: looks for what is wrong with the set-up, one line a finding, each with what to do about it.

import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Command } from 'commander'
import { parsePeers } from '../../node/config/peers.ts'
import { askAll } from '../admin/round.ts'
import type { Act, Context } from '../cli/context.ts'
import { example } from '../cli/example.ts'
import { CommandError, type ExitCode, exitCodes, toMessage } from '../cli/outcome.ts'
import type { Diagnosis } from '../fleet/fleet.ts'
import { checkout, findMissing, isSupportedNode } from '../runtime/installation.mjs'

const run = promisify(execFile)
/** Latency between hosts is measured against clocks; more than this makes its numbers doubtful. */
const clockOffsetMsMax = 50
const dockerTimeoutMs = 5000

export function registerDoctor(program: Command, act: Act): void {
  program
    .command('doctor')
    .description('find what is wrong with the set-up, and say what to do')
    .addHelpText('after', example('herald doctor'))
    .action((_options: object, command: Command) => act(command, examine))
}

async function examine(context: Context): Promise<ExitCode> {
  const { terminal, fleet, signal } = context
  const findings: readonly Diagnosis[] = [
    diagnoseNode(),
    diagnoseDependencies(),
    ...(await diagnosePeersFiles()),
    await diagnoseDocker(context),
    ...(await fleet.diagnose(signal).catch((error) => [toFailure(`${fleet.name} cluster`, error)])),
    ...(await diagnoseNodes(context)),
  ]
  terminal.document({ findings })
  const colours = { ok: 'green', warn: 'yellow', fail: 'red' } as const
  for (const { subject, level, message, action } of findings) {
    terminal.line(`${terminal.paint(colours[level], level.padEnd(4))}  ${subject}: ${message}`)
    if (action !== undefined) terminal.line(`      ${action}`)
  }
  return findings.some((finding) => finding.level === 'fail') ? exitCodes.failure : exitCodes.ok
}

function diagnoseNode(): Diagnosis {
  const subject = 'Node.js'
  if (isSupportedNode(process.version)) return { subject, level: 'ok', message: process.version }
  const action = 'start it by `npx herald`, which brings its own Node, or install Node 24'
  return { subject, level: 'fail', message: `${process.version} is not 24.12 or later`, action }
}

function diagnoseDependencies(): Diagnosis {
  const subject = 'dependencies'
  const stale = findMissing(checkout)
  if (stale.length === 0) return { subject, level: 'ok', message: 'as in package-lock.json' }
  const message = `${stale.length} differ from package-lock.json, ${stale[0]} first`
  return { subject, level: 'fail', message, action: 'run `npm ci`' }
}

/** peers.json at the top is the user's and may be absent; the one for Compose belongs to the checkout. */
async function diagnosePeersFiles(): Promise<readonly Diagnosis[]> {
  const findings: Diagnosis[] = []
  for (const file of ['peers.json', 'docker/peers.json']) {
    const text = await readFile(join(checkout, file), 'utf8').catch(() => undefined)
    if (text === undefined) continue
    const { peers, problems } = parsePeers(text, file)
    if (problems.length === 0) findings.push({ subject: file, level: 'ok', message: `${peers.size} nodes` })
    for (const problem of problems) {
      const message = `${problem.place}: ${problem.text}`
      findings.push({ subject: file, level: 'fail', message, action: 'correct it there, on every node' })
    }
  }
  return findings
}

async function diagnoseDocker({ options, world }: Context): Promise<Diagnosis> {
  const subject = 'Docker'
  const level = options.target === 'compose' ? 'fail' : 'warn'
  const call = { timeout: dockerTimeoutMs, env: world.environment }
  try {
    const engine = await run('docker', ['version', '--format', '{{.Server.Version}}'], call)
    const compose = await run('docker', ['compose', 'version', '--short'], call)
    return {
      subject,
      level: 'ok',
      message: `engine ${engine.stdout.trim()}, Compose ${compose.stdout.trim()}`,
    }
  } catch (error) {
    const message = `not usable: ${toMessage(error).trim().split('\n').at(-1)}`
    return {
      subject,
      level,
      message,
      action: 'needed for --target compose only: start Docker, with its Compose plugin',
    }
  }
}

/** What the nodes themselves say, where any run. */
async function diagnoseNodes(context: Context): Promise<readonly Diagnosis[]> {
  const running = await context.fleet.running().catch(() => [])
  if (running.length === 0) return []
  const round = await askAll(await context.clients(), (client) => client.status())
  const findings: Diagnosis[] = round.unreachable.map(({ node, reason }) => ({
    subject: `node ${node}`,
    level: 'fail',
    message: `cannot be reached: ${reason}`,
    action: 'see `herald status`, and its log in .herald/logs or `docker compose logs`',
  }))
  const links = round.answers.flatMap(({ node, value }) => value.links.map((link) => ({ node, link })))
  for (const { node, link } of links.filter(({ link: { state } }) => state !== 'up')) {
    const reason = link.reason ? `: ${link.reason}` : ''
    findings.push({
      subject: `node ${node}`,
      level: 'fail',
      message: `its link to ${link.peer} is ${link.state}${reason}`,
      action: 'check the network between the two and that both have the same peers.json',
    })
  }
  const offsets = links.map(({ link }) => Math.abs(link.clockOffsetMs ?? 0) - (link.clockErrorMs ?? 0))
  const worst = Math.max(0, ...offsets)
  if (worst > clockOffsetMsMax) {
    const message = `two nodes differ by ${Math.round(worst)} ms`
    findings.push({
      subject: 'clocks',
      level: 'warn',
      message,
      action: 'run chrony or another NTP client on every host',
    })
  } else
    findings.push({
      subject: 'clocks',
      level: 'ok',
      message: `nodes differ by less than ${clockOffsetMsMax} ms`,
    })
  return findings
}

function toFailure(subject: string, error: unknown): Diagnosis {
  const next = error instanceof CommandError ? error.next : undefined
  return { subject, level: 'fail', message: toMessage(error), action: next ?? 'see the finding about Docker' }
}
