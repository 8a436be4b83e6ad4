import { Link } from 'react-router'
import type { Failure, Stats } from '../api/types.ts'
import { count } from '../text/number.ts'
import { Figure } from './figure.tsx'

const WORDS: Readonly<Record<Failure, string>> = {
  dns: 'Host not found',
  connect: 'No connection',
  tls: 'Certificate',
  timeout: 'No answer in time',
  status: 'Answered an error',
  redirect: 'Redirect',
  protocol: 'Not HTTP',
  blocked_target: 'Private address',
  gone: 'Answered 410',
  interrupted: 'Cut off',
}

function causesOf(stats: Stats): { failure: Failure; amount: number }[] {
  return (Object.keys(WORDS) as Failure[])
    .map((failure) => ({ failure, amount: stats.failures[failure] ?? 0 }))
    .filter(({ amount }) => amount > 0)
    .sort((one, other) => other.amount - one.amount)
}

/** Attempts that failed, by cause. A cause leads to the failed deliveries of the same time. */
export function FailureFigure({ stats, webhookId }: { stats: Stats; webhookId: string }) {
  const causes = causesOf(stats)
  const highest = Math.max(1, ...causes.map(({ amount }) => amount))
  return (
    <Figure
      title="Failures by cause"
      empty={causes.length === 0 ? 'No attempt failed in this time.' : undefined}
      chart={
        <ul className="pr-causes">
          {causes.map(({ failure, amount }) => (
            <li key={failure}>
              <Link to={`/${webhookId}/deliveries?state=failed&from=${stats.window}`} className="pr-cause">
                <span className="pr-cause-name">{WORDS[failure]}</span>
                <span className="pr-cause-bar" aria-hidden="true">
                  <span style={{ width: `${(amount / highest) * 100}%` }} />
                </span>
                <span className="pr-number">
                  {count(amount)} <span className="pr-muted">{amount === 1 ? 'attempt' : 'attempts'}</span>
                </span>
              </Link>
            </li>
          ))}
        </ul>
      }
      table={{
        head: ['Cause', 'Attempts'],
        rows: causes.map(({ failure, amount }) => [WORDS[failure], count(amount)]),
      }}
    />
  )
}
