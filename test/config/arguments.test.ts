// Arguments, environment and file become one configuration; every problem is told at once, with its place.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseArguments } from '../../node/config/arguments.ts'
import { describeConfig, type NodeConfig } from '../../node/config/node-config.ts'
import { formatProblems } from '../../node/config/problem.ts'

const peersText = '{"A": ["10.0.0.1", 8000], "B": ["10.0.0.2", 8001]}'

interface Given {
  readonly argv?: readonly string[]
  readonly environment?: Record<string, string>
  readonly files?: Record<string, string>
  readonly isTerminal?: boolean
}

function parse({ argv = [], environment = {}, files = {}, isTerminal = false }: Given) {
  const all: Record<string, string> = { 'peers.json': peersText, ...files }
  const readFile = (path: string): string => {
    const text = all[path]
    if (text === undefined) throw Object.assign(new Error('gone'), { code: 'ENOENT' })
    return text
  }
  return parseArguments({ argv, environment, readFile, isTerminal })
}

function configOf(given: Given): NodeConfig {
  const parsed = parse(given)
  if (parsed.kind === 'problems') assert.fail(formatProblems(parsed.problems))
  assert.ok(parsed.kind === 'config')
  return parsed.config
}

function problemsOf(given: Given): string {
  const parsed = parse(given)
  assert.ok(parsed.kind === 'problems')
  return formatProblems(parsed.problems)
}

const minimal = ['--node-id', 'A', '--peers', 'peers.json']

test('fills in every default', () => {
  const { peers, tunables, origins, ...rest } = configOf({ argv: minimal })
  assert.deepEqual([...peers.keys()], ['A', 'B'])
  assert.equal(tunables.retentionBytes, 64 * 1024 * 1024)
  assert.equal(tunables.retentionAgeMs, 600_000)
  assert.equal(origins.get('nodeId'), '--node-id')
  assert.equal(origins.get('port'), 'default')
  assert.deepEqual(rest, {
    nodeId: 'A',
    host: '0.0.0.0',
    port: 8000,
    peersPath: 'peers.json',
    dataPath: '.herald/data/A',
    admin: { host: '127.0.0.1', port: 9000 },
    adminNames: [],
    cluster: 'herald',
    logLevel: 'info',
    logFormat: 'json',
  })
})

test('is frozen', () => {
  const config = configOf({ argv: minimal })
  for (const part of [config, config.tunables, config.admin, config.adminNames])
    assert.ok(Object.isFrozen(part))
})

test('takes options before environment before file before default', () => {
  const files = { 'h.json': '{"port": 1, "host": "file", "cluster": "file", "limits": {"connections": 7}}' }
  const environment = {
    HERALD_PORT: '2',
    HERALD_HOST: 'environment',
    HERALD_CONFIG: 'h.json',
    HERALD_DATA: '',
  }
  const config = configOf({ argv: [...minimal, '--port=3'], environment, files })
  assert.deepEqual([config.port, config.host, config.cluster], [3, 'environment', 'file'])
  assert.equal(config.tunables.connectionsMax, 7)
  assert.equal(config.dataPath, '.herald/data/A')
  const origins = new Map(
    describeConfig(config).map(({ name, value, origin }) => [name, `${value} ${origin}`]),
  )
  assert.equal(origins.get('port'), '3 --port')
  assert.equal(origins.get('host'), 'environment HERALD_HOST')
  assert.equal(origins.get('cluster'), 'file h.json: cluster')
  assert.equal(origins.get('limits.connections'), '7 h.json: limits.connections')
  assert.equal(origins.get('retention.age'), '10m default')
})

test('takes every setting from the environment', () => {
  const environment = {
    HERALD_NODE_ID: 'B',
    HERALD_PEERS: 'peers.json',
    HERALD_ADMIN: '[::1]:0',
    HERALD_ADMIN_NAMES: 'node-b, Herald.internal',
    HERALD_LOG_LEVEL: 'debug',
    HERALD_LOG_FORMAT: 'pretty',
    HERALD_RETENTION_BYTES: '1GiB',
    HERALD_JOURNAL_FILE_BYTES: '4KiB',
    HERALD_COPIES_TIMEOUT: '250ms',
    HERALD_COPIES: '0',
  }
  const config = configOf({ environment })
  assert.equal(config.nodeId, 'B')
  assert.deepEqual(config.admin, { host: '::1', port: 0 })
  assert.deepEqual(config.adminNames, ['node-b', 'herald.internal'])
  assert.deepEqual([config.logLevel, config.logFormat], ['debug', 'pretty'])
  const { retentionBytes, journalFileBytes, copiesTimeoutMs, copies } = config.tunables
  assert.deepEqual([retentionBytes, journalFileBytes, copiesTimeoutMs, copies], [1024 ** 3, 4096, 250, 0])
})

test('logs for people on a terminal', () => {
  assert.equal(configOf({ argv: minimal, isTerminal: true }).logFormat, 'pretty')
  assert.equal(configOf({ argv: [...minimal, '--log-format', 'json'], isTerminal: true }).logFormat, 'json')
})

test('reports the problems of all sources together, each with its place', () => {
  const given: Given = {
    argv: [
      '--port',
      '99999',
      '--node-id',
      'A B',
      '--peers',
      'peers.json',
      '--colour',
      'red',
      '--host',
      'a b',
    ],
    environment: { HERALD_ADMIN: 'localhost', HERALD_COPIES: '16', HERALD_DRAIN: '10' },
    files: {
      'peers.json': '{"A": ["a", 1], "B": ["b", 99999]}',
      'herald.json':
        '{"retention": {"bytes": "1KiB", "size": 3}, "logLevel": "loud", "config": "x", "log": {}}',
    },
  }
  assert.equal(
    problemsOf({ ...given, argv: [...(given.argv ?? []), '--config', 'herald.json'] }),
    `--colour: unknown option; see --help
red: not an option
herald.json: retention.size: unknown setting
herald.json: config: unknown setting
--node-id: node id A B is not 1 to 32 of A-Z a-z 0-9 _ -
peers.json: B[1]: port 99999 is not 1..65535
--port: 99999 is not 1..65535
--host: a b is not a host name or address
HERALD_ADMIN: localhost is not HOST:PORT
herald.json: logLevel: loud is not one of fatal, error, warn, info, debug, trace, silent
herald.json: retention.bytes: 1KiB is not 64KiB..64GiB
HERALD_COPIES: 16 is not 0..15
HERALD_DRAIN: 10 is not a duration with its unit, such as 10m or 250ms`,
  )
})

test('reports what is missing', () => {
  assert.equal(
    problemsOf({}),
    '--node-id: missing; also as HERALD_NODE_ID\n--peers: missing; also as HERALD_PEERS',
  )
})

test('refuses a node that peers.json lacks', () => {
  const parsed = parse({ argv: ['--node-id', 'Z', '--peers', 'peers.json'] })
  assert.ok(parsed.kind === 'problems')
  assert.deepEqual(parsed.problems, [
    { place: '--node-id', text: 'node Z is not in peers.json, which has A, B', code: 'NODE_UNKNOWN' },
  ])
})

test('refuses options without a value, or given twice', () => {
  assert.match(problemsOf({ argv: [...minimal, '--port', '--host', 'h'] }), /^--port: needs a value$/m)
  assert.match(problemsOf({ argv: [...minimal, '--port'] }), /^--port: needs a value$/)
  assert.match(problemsOf({ argv: [...minimal, '--port='] }), /^--port: needs a value$/)
  assert.match(problemsOf({ argv: [...minimal, '--node-id', 'B'] }), /^--node-id: is given twice$/)
  assert.match(problemsOf({ argv: [...minimal, '--__proto__=1'] }), /^--__proto__: unknown option/)
  assert.match(problemsOf({ argv: [...minimal, 'stray'] }), /^stray: not an option$/)
})

test('says which file is not there or is not JSON', () => {
  const argv = ['--node-id', 'A', '--peers', 'none.json', '--config', 'bad.json']
  const problems = problemsOf({ argv, files: { 'bad.json': '{"port": 1, # one\n}' } })
  assert.match(problems, /^none\.json: no such file$/m)
  assert.match(problems, /^bad\.json: not JSON: .*no comments \(line 1\)$/m)
  assert.match(
    problemsOf({ argv: [...minimal, '--config', 'b.json'], files: { 'b.json': '7' } }),
    /^b\.json: unknown setting$/,
  )
})

test('asks for an admin address where the default port does not exist', () => {
  const argv = [...minimal, '--port', '65000']
  assert.equal(problemsOf({ argv }), '--admin: missing; the default, port 65000 + 1000, is above 65535')
  assert.equal(configOf({ argv: [...argv, '--admin', '127.0.0.1:0'] }).admin.port, 0)
})

test('refuses a soft limit above its hard limit', () => {
  assert.equal(
    problemsOf({ argv: minimal, environment: { HERALD_LIMITS_LINK_QUEUE_SOFT: '64MiB' } }),
    'HERALD_LIMITS_LINK_QUEUE_SOFT: limits.linkQueueSoft is above limits.linkQueueHard',
  )
})

test('reads flat keys as well as nested ones', () => {
  const files = { 'h.json': '{"limits.streams": 3, "journal": {"files": 4}, "adminNames": ["a", "b"]}' }
  const config = configOf({ argv: [...minimal, '--config', 'h.json'], files })
  assert.deepEqual([config.tunables.streamsMax, config.tunables.journalFilesMax], [3, 4])
  assert.deepEqual(config.adminNames, ['a', 'b'])
})

test('answers --help and --version whatever else is wrong', () => {
  assert.equal(parse({ argv: ['--port', 'x', '--help'] }).kind, 'help')
  assert.equal(parse({ argv: ['-h'] }).kind, 'help')
  assert.equal(parse({ argv: ['--version', '--nonsense'] }).kind, 'version')
})
