// The reports: complete, self-contained, and deaf to markup that a journal brings.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js'
import { analyzeJournals } from '../../audit/analyze.ts'
import { checkJournals } from '../../audit/check.ts'
import { renderCheckText } from '../../audit/check-text.ts'
import { renderReportHtml } from '../../audit/report-html.ts'
import { renderReportJson, renderReportMarkdown } from '../../audit/report-markdown.ts'
import { end, gap, got, journal, lost, sent, start, stop, sub } from './history.ts'

const evil = '<script>alert(1)</script>"\'&`|\n[x](http://evil)\u001b[31m'

function hdr(values: readonly number[]): string {
  const histogram = build({ autoResize: true })
  for (const value of values) histogram.recordValue(value)
  return encodeIntoCompressedBase64(histogram)
}

/** A history with every kind of finding, in which every name is hostile. */
function hostileJournals(): Parameters<typeof checkJournals>[0] {
  const node = evil
  const origin = `${evil}#1`
  const name = { name: evil, stream: evil }
  const lines = [
    { ...start(0, origin) },
    { ...sent(1_000, origin, 1, 20, evil, 0), stream: evil },
    { ...sub(1, evil, [evil, '>']), ...name },
    { ...got(2_000, evil, origin, 2, 4), stream: evil },
    { ...got(2_100, evil, origin, 1, 2), stream: evil },
    { ...gap(2_200, evil, origin, 6, 7), stream: evil, reason: evil },
    { ...got(2_300, evil, origin, 8, 25), stream: evil },
    { ...got(2_400, evil, `${evil}gone#1`, 1, 2), stream: evil },
    { t: evil, at: 3 },
    'damaged',
    { t: 'latency', at: 5, stream: evil, topic: evil, from: evil, n: 2, hdr: hdr([100, 200]) },
    { t: 'clock', at: 6, peer: `${evil}peer`, offsetMs: 1, errorMs: 2 },
    { ...stop(3_000, origin) },
  ]
  return [{ node, files: journal(node, lines).files.map(({ text }) => ({ name: `000001${evil}`, text })) }]
}

test('the page lets no markup of a journal through', () => {
  const journals = hostileJournals()
  const html = renderReportHtml(analyzeJournals(journals), checkJournals(journals, { graceMs: 0 }))
  assert.ok(html.includes('&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;'))
  assert.ok(!html.includes('<script'))
  assert.ok(!html.includes('\u001b'))
  assert.doesNotMatch(html, /<[^>]*alert\(1\)/)
})

test('the page needs no other address and no script', () => {
  const journals = hostileJournals()
  const html = renderReportHtml(analyzeJournals(journals), checkJournals(journals, { graceMs: 0 }))
  assert.doesNotMatch(html, /\s(src|href|xlink:href)=/i)
  assert.doesNotMatch(html, /url\(|@import|<link|<iframe|<img/i)
  assert.doesNotMatch(html.replaceAll('[x](http://evil)', ''), /https?:/)
})

test('every element that the page opens is closed in order', () => {
  const journals = hostileJournals()
  const html = renderReportHtml(analyzeJournals(journals), checkJournals(journals, { graceMs: 0 }))
  const open: string[] = []
  for (const [, slash, tag = '', self] of html.matchAll(/<(\/?)([a-z0-9]+)[^>]*?(\/?)>/g)) {
    if (['meta', 'doctype'].includes(tag) || self === '/') continue
    if (slash === '/') assert.equal(open.pop(), tag)
    else open.push(tag)
  }
  assert.deepEqual(open, [])
})

test('the page puts the verdict first and shows charts, node pairs and topics', () => {
  const journals = [
    journal('A', [start(0, 'A#1'), sent(5_000, 'A#1', 1, 100, 'orders.eu', 0), stop(9_000, 'A#1')]),
    journal('B', [
      start(0, 'B#1'),
      sub(1, 's'),
      got(6_000, 's', 'A#1', 1, 100),
      {
        t: 'latency',
        at: 5,
        stream: 'default',
        topic: 'orders.eu',
        from: 'A',
        n: 2,
        hdr: hdr([1_000, 2_500]),
      },
      { t: 'clock', at: 6, peer: 'A', offsetMs: -0.5, errorMs: 0.1 },
      stop(9_000, 'B#1'),
    ]),
  ]
  const html = renderReportHtml(analyzeJournals(journals), checkJournals(journals, { graceMs: 0 }))
  assert.ok(html.indexOf('OK: 100 deliveries of 100 messages') < html.indexOf('<h2>'))
  assert.equal(html.match(/<svg /g)?.length, 2)
  assert.ok(html.includes('1 ms / 2.5 ms<small>clock +0.50 ± 0.10 ms</small>'))
  assert.ok(html.includes('<code>orders.eu</code>'))
})

test('reports of journals without anything say so', () => {
  const analysis = analyzeJournals([])
  const check = checkJournals([], { graceMs: 0 })
  assert.ok(renderReportHtml(analysis, check).includes('The journals hold no messages.'))
  assert.ok(renderReportMarkdown(analysis, check).includes('The journals hold no messages.'))
  assert.ok(renderCheckText(check).startsWith('NOTHING TO CHECK'))
})

test('the Markdown report keeps its tables whatever a topic holds', () => {
  const journals = hostileJournals()
  const text = renderReportMarkdown(analyzeJournals(journals), checkJournals(journals, { graceMs: 0 }))
  assert.ok(!text.includes('<script'))
  assert.doesNotMatch(text, /(?<!\\)\]\(/)
  for (const line of text.split('\n').filter((each) => each.startsWith('|'))) {
    assert.ok(line.endsWith('|'), line)
  }
  const columns = (line: string): number => line.replaceAll('\\|', '').split('|').length
  const topicTable = text
    .slice(text.indexOf('## Topics'))
    .split('\n')
    .filter((each) => each.startsWith('|'))
  assert.equal(new Set(topicTable.map(columns)).size, 1)
  assert.equal(topicTable.length, 3)
})

test('the JSON report holds the analysis and the check, unchanged', () => {
  const journals = hostileJournals()
  const analysis = analyzeJournals(journals)
  const check = checkJournals(journals, { graceMs: 0 })
  const parsed: unknown = JSON.parse(renderReportJson(analysis, check))
  assert.deepEqual(parsed, JSON.parse(JSON.stringify({ schemaVersion: 1, analysis, check })))
  assert.deepEqual(JSON.parse(JSON.stringify(check)), check, 'the result is a plain value')
  assert.deepEqual(JSON.parse(JSON.stringify(analysis)), analysis, 'the result is a plain value')
})

test('the terminal text says the verdict, the worst first, and what to do', () => {
  const journals = [
    journal('A', [start(0, 'A#1'), sent(100, 'A#1', 1, 1_000), stop(900, 'A#1')]),
    journal('B', [
      start(0, 'B#1'),
      sub(1, 'fine'),
      sub(1, 'holey'),
      got(200, 'fine', 'A#1', 1, 1_000),
      got(200, 'holey', 'A#1', 1, 900),
      got(200, 'holey', 'C#1', 1, 2),
      stop(900, 'B#1'),
    ]),
  ]
  assert.equal(
    renderCheckText(checkJournals(journals, { graceMs: 0 })),
    `NOT OK: 100 lost-silent

node  subscription  stream      due   got  lost  twice  order  other  pending  unknown
B     holey         default  ≥ 1000   902   100      0      0      0        0        2
B     fine          default    1000  1000     0      0      0      0        0        0
≥: at least. Journals lack lines, so more may have been sent than they tell; what was got of that is unknown, and no fault.

lost-silent: lost without a word: where all nodes that had it were killed at once (gossip mode), nobody was left to tell; else keep the journals and report a defect
  B holey default: A#1 901-1000
unknown: the journals do not tell; fetch what is missing and check again
  B holey default: C#1 1-2 (the journal of the origin is not here)

The journal of C is missing: fetch it and check again.
`,
  )
})

test('a journal cannot write to the terminal', () => {
  const text = renderCheckText(checkJournals(hostileJournals(), { graceMs: 0 }))
  assert.doesNotMatch(text.replaceAll('\n', ''), /\p{Cc}/u)
})

test('a good verdict with open questions names them', () => {
  const journals = [
    journal('A', [start(0, 'A#1'), sent(100, 'A#1', 1, 10), stop(900, 'A#1')]),
    journal('B', [
      start(0, 'B#1'),
      sub(1, 's', ['>'], 'client'),
      sub(1, 'u'),
      got(150, 's', 'A#1', 1, 8),
      lost(200, 's'),
      end(300, 'u', {}),
      stop(900, 'B#1'),
    ]),
  ]
  const result = checkJournals(journals, { graceMs: 0 })
  assert.match(
    renderCheckText(result),
    /^OK: 8 deliveries of 10 messages, none lost, doubled or out of order; 2 unknown\n/,
  )
  assert.match(renderReportHtml(analyzeJournals(journals), result), /class="verdict open"/)
})

test('more deliveries than the journal of a crashed origin tells of read as due at least so many', () => {
  const origin = [start(0, 'A#1'), sent(100, 'A#1', 1, 10), start(500, 'A#2'), stop(900, 'A#2')]
  const lines = [start(0, 'B#1'), sub(1, 's'), got(150, 's', 'A#1', 1, 25), stop(900, 'B#1')]
  const whole = [start(0, 'C#1'), sub(1, 'c'), got(150, 'c', 'A#1', 1, 10), stop(900, 'C#1')]
  const journals = [journal('A', origin), journal('B', lines), journal('C', whole)]
  const result = checkJournals(journals, { graceMs: 0 })
  const text = renderCheckText(result)
  assert.match(text, /^B {5}s {13}default {2}≥ 10 {3}25 /m)
  assert.match(text, /^C {5}c {13}default {4}10 {3}10 /m)
  assert.match(text, /^≥: at least\. /m)
  const html = renderReportHtml(analyzeJournals(journals), result)
  assert.ok(html.includes('<td class="n">≥ 10</td><td class="n">25</td>'))
  assert.ok(html.includes('at least 20 deliveries were due, 35 were made'))
  assert.match(renderReportMarkdown(analyzeJournals(journals), result), /\| ≥ 10 \| 25 \|.*\n≥: at least/s)
  const sound = checkJournals([journal('A', [...origin, stop(950, 'A#1')]), journal('C', whole)], {
    graceMs: 0,
  })
  assert.doesNotMatch(renderCheckText(sound), /≥/, 'nothing is unsure there')
})
