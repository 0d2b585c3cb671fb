// peers.json: both forms of an entry, every way to get one wrong, and what counts as a disagreement.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import {
  comparePeers,
  fromPeersValue,
  parsePeers,
  toClientUrl,
  toPeersValue,
} from '../../node/config/peers.ts'
import { formatProblems } from '../../node/config/problem.ts'

function problemsOf(text: string): string {
  return formatProblems(parsePeers(text, 'peers.json').problems)
}

function peersOf(text: string): ReturnType<typeof parsePeers>['peers'] {
  const { peers, problems } = parsePeers(text, 'peers.json')
  assert.deepEqual(problems, [])
  return peers
}

test('names the addresses for clients as URLs, IPv6 ones in brackets', () => {
  const peers = peersOf(
    '{"A": ["::1", 8000], "B": ["b.x", 2], "C": {"host": "c.x", "port": 1, "advertise": "[fd00::3]:5"}}',
  )
  const urls = [...peers.values()].map(toClientUrl)
  assert.deepEqual(urls, ['ws://[::1]:8000', 'ws://b.x:2', 'ws://[fd00::3]:5'])
  for (const url of urls) new URL(url)
})

test('reads both forms of an entry', () => {
  const peers = peersOf(
    '{"A": ["18.217.2.75", 8000], "B": {"host": "b.x", "port": 1, "advertise": "[::1]:5", "zone": "z"}}',
  )
  assert.deepEqual(
    [...peers],
    [
      ['A', { host: '18.217.2.75', port: 8000, advertise: undefined, zone: undefined }],
      ['B', { host: 'b.x', port: 1, advertise: '[::1]:5', zone: 'z' }],
    ],
  )
})

test('reads the template at the top of the checkout', () => {
  const text = readFileSync(new URL('../../peers.template.json', import.meta.url), 'utf8')
  assert.deepEqual([...peersOf(text).keys()], ['A', 'B', 'C'])
})

test('reports every problem of a file with its place', () => {
  const text = `{
    "A": ["10.0.0.1", 8000],
    "B": ["10.0.0.2", 99999],
    "C": {"host": "", "port": "8000", "zon": "x"},
    "D": ["10.0.0.4"],
    "E": 7,
    "F G": ["10.0.0.6", 1],
    "H": {"host": "h", "port": 1, "advertise": "h", "zone": ""},
    "I": ["10.0.0.256", 1.5]
  }`
  assert.equal(
    problemsOf(text),
    `peers.json: B[1]: port 99999 is not 1..65535
peers.json: C.zon: unknown; known are host, port, advertise, zone
peers.json: C.host: the host is empty
peers.json: C.port: port 8000 is not 1..65535
peers.json: D: not [host, port]: ["10.0.0.4"]
peers.json: E: not [host, port] and not {"host", "port"}: 7
peers.json: F G: a node id is 1 to 32 of A-Z a-z 0-9 _ -, and not __proto__
peers.json: H.advertise: h is not HOST:PORT
peers.json: H.zone:  is not 1 to 64 of A-Z a-z 0-9 _ - .
peers.json: I[0]: host 10.0.0.256 is not a name or address
peers.json: I[1]: port 1.5 is not 1..65535`,
  )
})

test('refuses two nodes with the same address', () => {
  assert.equal(
    problemsOf('{"A": ["Host", 1], "B": ["host", 1], "C": ["host", 2]}'),
    'peers.json: B: host 1 is the address of A as well',
  )
})

test('refuses a key that is given twice, which JSON.parse hides', () => {
  const text = '{\n"A": ["a", 1],\n"B": {"host": "b", "port": 1, "port": 2},\n"\\u0041": ["a2", 1]\n}'
  assert.equal(
    problemsOf(text),
    'peers.json: "port" is given twice (line 3)\npeers.json: "\\u0041" is given twice (line 4)',
  )
  assert.equal(problemsOf('{"A": ["{\\"A\\":1,", 1]}').includes('twice'), false)
})

test('refuses __proto__ as an id instead of losing it', () => {
  const { peers, problems } = parsePeers('{"__proto__": ["a", 1], "A": ["b", 1]}', 'p.json')
  assert.equal(problems.length, 1)
  assert.equal(problems[0]?.place, 'p.json: __proto__')
  assert.deepEqual([...peers.keys()], ['A'])
})

test('says that JSON has no comments, and where one is', () => {
  assert.match(
    problemsOf('{\n// the first\n"A": ["a", 1]}'),
    /not JSON: .*; JSON has no comments \(line 2\)$/,
  )
  assert.match(problemsOf('{"A": ["a", 1] /* x */}'), /no comments \(line 1\)$/)
  assert.doesNotMatch(problemsOf('{"A": ["http://a", 1],}'), /comments/)
})

test('refuses files that name no nodes, or more than 16', () => {
  assert.equal(problemsOf('{}'), 'peers.json: names no node')
  assert.match(problemsOf('[]'), /not an object of node ids/)
  assert.match(problemsOf('null'), /not an object of node ids/)
  assert.match(problemsOf(''), /not JSON/)
  const many = Array.from({ length: 17 }, (_, index) => `"N${index}": ["h", ${index + 1}]`)
  assert.equal(problemsOf(`{${many.join()}}`), 'peers.json: 17 nodes are more than 16')
  assert.equal(problemsOf(`{${many.slice(1).join()}}`), '')
})

test('names the first id on which two nodes disagree', () => {
  const mine = peersOf('{"C": ["c", 1], "A": ["a", 1], "B": ["b", 1]}')
  assert.equal(comparePeers(mine, peersOf('{"A": ["A", 1], "D": ["d", 1]}')), undefined)
  assert.equal(comparePeers(mine, peersOf('{"C": ["c", 2], "B": ["b", 1]}'))?.id, 'C')
  assert.deepEqual(comparePeers(mine, peersOf('{"C": ["c", 2], "B": ["x", 1]}')), {
    id: 'B',
    mine: 'b 1',
    theirs: 'x 1',
  })
})

test('carries the addresses through a hello', () => {
  const peers = peersOf('{"B": ["b", 2], "A": {"host": "a", "port": 1, "zone": "z"}}')
  const value: unknown = JSON.parse(JSON.stringify(toPeersValue(peers)))
  assert.deepEqual(value, [
    ['A', 'a', 1],
    ['B', 'b', 2],
  ])
  const read = fromPeersValue(value)
  assert.ok(read !== undefined)
  assert.equal(comparePeers(peers, read), undefined)
})

test('refuses a hello whose addresses are not such', () => {
  const entry = ['A', 'a', 1]
  for (const value of [
    null,
    {},
    [1],
    [['A', 'a']],
    [['A', 'a', 0]],
    [['A', '', 1]],
    [['__proto__', 'a', 1]],
    [['A', 5, 1]],
  ]) {
    assert.equal(fromPeersValue(value), undefined, JSON.stringify(value))
  }
  assert.equal(fromPeersValue(new Array(17).fill(entry)), undefined)
})
