// What there is to look at: from the sets of every subscription and origin, and from what disagrees about the order, to one list.

import {
  type Finding,
  type FindingKind,
  findingKinds,
  type OriginReport,
  type SubscriberReport,
} from './check-result.ts'
import type { Disagreement } from './order-check.ts'

/** Everything that is wrong or unknown, the worst first. */
export function listFindings(
  subscribers: readonly SubscriberReport[],
  disagreements: readonly Disagreement[],
): readonly Finding[] {
  const findings: Finding[] = disagreements.map(toFinding)
  for (const { node, sub, stream, origins } of subscribers) {
    for (const report of origins) {
      const { origin } = report
      const find = (
        kind: FindingKind,
        set: OriginReport['unknown'],
        reasons: readonly string[] = [],
      ): void => {
        const isOpenQuestion = kind === 'unknown' && reasons.length > 0
        if (set.count > 0 || isOpenQuestion)
          findings.push({ kind, node, sub, stream, origin, ...set, reasons })
      }
      find('lost-silent', report.lostSilent)
      find('lost-told', report.lostTold, report.gapReasons)
      find('gone', report.gone, report.gapReasons)
      find('duplicated', report.duplicated)
      find('out-of-order', report.outOfOrder)
      find('phantom', report.phantom)
      find('unexpected', report.unexpected)
      find('unknown', report.unknown, report.unknownReasons)
    }
  }
  const rank = (finding: Finding): number => findingKinds.indexOf(finding.kind)
  return findings.sort((a, b) => rank(a) - rank(b) || b.count - a.count)
}

function toFinding({ node, sub, stream, epoch, from, to, other }: Disagreement): Finding {
  const place = { origin: '', count: to - from + 1, ranges: from === to ? `${from}` : `${from}-${to}` }
  return { kind: 'disagreed', node, sub, stream, ...place, reasons: [], order: { epoch, other } }
}
