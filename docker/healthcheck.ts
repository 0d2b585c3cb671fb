// Exit code 0 while the node in this container is ready. A script and not curl, because slim images have no curl.

const port = process.env['HERALD_PORT'] ?? '8000'

try {
  const answer = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(1500) })
  process.exitCode = answer.ok ? 0 : 1
} catch {
  process.exitCode = 1
}
