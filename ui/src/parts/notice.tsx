import { Button } from '@mantine/core'
import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { asProblem } from '../api/problem.ts'
import { shortClockTime } from '../text/time.ts'
import { visibleText } from '../text/visible-text.ts'
import { Icon } from './icon.tsx'
import { useNow } from './now.ts'

interface ErrorNoticeProps {
  error: unknown
  onRetry?: () => void
  /** Given where the filters may be the cause. */
  onClear?: (() => void) | undefined
}

/** An error, where what it is about would have been. */
export function ErrorNotice({ error, onRetry, onClear }: ErrorNoticeProps) {
  const problem = asProblem(error)
  return (
    <div role="alert" className="pr-notice" data-tone="danger">
      <Icon name="warning" />
      <div className="pr-notice-text">
        <strong>{visibleText(problem.title)}</strong>
        <div>{visibleText(problem.message)}</div>
      </div>
      {onRetry !== undefined && (
        <Button variant="default" size="xs" onClick={onRetry}>
          Try again
        </Button>
      )}
      {onClear !== undefined && (
        <Button variant="default" size="xs" onClick={onClear}>
          Clear filters
        </Button>
      )}
    </div>
  )
}

/** One sentence of error beside the control that caused it. */
export function ErrorLine({ children }: { children: ReactNode }) {
  if (children === undefined || children === null || children === '' || children === false) return null
  return (
    <div role="alert" className="pr-line-error">
      <Icon name="warning" size={14} /> <span>{children}</span>
    </div>
  )
}

/** The answer to an action, said aloud. It is always there, because a region that appears with its text stays silent. */
export function Answer({ children }: { children: ReactNode }) {
  return (
    <div role="status" className="pr-answer">
      {children}
    </div>
  )
}

/** Above data that could not be refreshed: what stands below is older. */
export function Stale({
  query,
}: {
  query: Pick<UseQueryResult, 'isError' | 'data' | 'error' | 'dataUpdatedAt'>
}) {
  const nowMs = useNow()
  if (!query.isError || query.data === undefined) return null
  return (
    <div role="alert" className="pr-notice" data-tone="warning">
      <Icon name="warning" />
      <div className="pr-notice-text">
        {asProblem(query.error).title}: shown as of{' '}
        {shortClockTime(new Date(query.dataUpdatedAt).toISOString(), nowMs)}. This page tries again by itself.
      </div>
    </div>
  )
}

interface EmptyProps {
  title: string
  children?: ReactNode
  action?: ReactNode
}

export function Empty({ title, children, action }: EmptyProps) {
  return (
    <div className="pr-empty">
      <h2 className="pr-empty-title">{title}</h2>
      {children !== undefined && <p>{children}</p>}
      {action}
    </div>
  )
}
