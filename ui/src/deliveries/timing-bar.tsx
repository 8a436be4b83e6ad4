import type { Attempt } from '../api/types.ts'
import { milliseconds } from '../text/number.ts'

interface Phase {
  name: string
  ms: number
  tone: string
}

/** Where the time of an attempt went. A connection that was open already spent none on the first three. */
function phasesOf({ timings, responseTimeMs }: Attempt): Phase[] {
  const phases = [
    { name: 'DNS', ms: timings.dnsMs ?? 0, tone: 'dns' },
    { name: 'TCP', ms: timings.connectMs ?? 0, tone: 'tcp' },
    { name: 'TLS', ms: timings.tlsMs ?? 0, tone: 'tls' },
    { name: 'waiting', ms: timings.firstByteMs ?? 0, tone: 'waiting' },
  ]
  const known = phases.reduce((sum, { ms }) => sum + ms, 0)
  const rest = (responseTimeMs ?? known) - known
  return [...phases, { name: 'rest', ms: Math.max(0, rest), tone: 'rest' }].filter(({ ms }) => ms > 0)
}

export function TimingBar({ attempt }: { attempt: Attempt }) {
  const phases = phasesOf(attempt)
  const total = phases.reduce((sum, { ms }) => sum + ms, 0)
  return (
    <section aria-label="Timing" className="pr-timing">
      <h4 className="pr-h4">Timing, {milliseconds(attempt.responseTimeMs)}</h4>
      {phases.length === 0 ? (
        <p className="pr-muted">Nothing was measured.</p>
      ) : (
        <>
          <div className="pr-timing-bar" aria-hidden="true">
            {phases.map(({ name, ms, tone }) => (
              <span key={name} data-tone={tone} style={{ flexGrow: Math.max(ms / total, 0.01) }} />
            ))}
          </div>
          <ul className="pr-timing-legend">
            {phases.map(({ name, ms, tone }) => (
              <li key={name}>
                <span className="pr-timing-key" data-tone={tone} aria-hidden="true" /> {name}{' '}
                {milliseconds(ms)}
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  )
}
