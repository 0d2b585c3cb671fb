// docs/errors.md as the registry of error codes says it. Run by itself, this file writes the page.

import { writeFileSync } from 'node:fs'
import type { ErrorEntry } from '../../node/core/common/error-entry.ts'
import { errorRegistry } from '../../node/core/common/error-registry.ts'

const introduction = `# Errors

Every code that a node, a client or the command line gives, with what it means and what to do. The message beside a code names
the value and the bound.

What becomes of the connection: *keep* goes on; *close N* is closed with that WebSocket status after a \`closing\` message;
*status N* is the answer to an HTTP request; *exit N* ends the process. Where the WebSocket library finds the fault
(\`FRAME_TOO_LARGE\`, \`FRAME_FRAGMENTED\`, \`TEXT_INVALID\`, some of \`PROTOCOL_BROKEN\`) the status comes alone, and a counter tells the code.

Written by \`node test/tidy/error-page.ts\` from \`node/core/common/error-registry.ts\`; a test keeps the two equal.
`

/** The whole page. */
export function formatErrorPage(): string {
  const entries: [string, ErrorEntry][] = Object.entries(errorRegistry)
  const rows = entries.map(
    ([code, { meaning, action, fate }]) => `| \`${code}\` | ${meaning} | ${action} | ${fate} |`,
  )
  return `${introduction}\n| code | meaning | what to do | connection |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`
}

if (import.meta.main) writeFileSync(new URL('../../docs/errors.md', import.meta.url), formatErrorPage())
