import { Button } from '@mantine/core'
import { useRef, useState } from 'react'
import { useRetryDelivery } from '../api/deliveries.ts'
import { asProblem } from '../api/problem.ts'
import { Answer, ErrorLine } from '../parts/notice.tsx'
import { ScopedButton } from '../parts/scoped.tsx'
import { plural } from '../text/number.ts'
import { shortId } from '../text/url.ts'

interface RetryPickedProps {
  ids: readonly string[]
  onDone: () => void
}

/** Picked rows are retried one after the other; the rest can be stopped, and each refusal is told. */
export function RetryPicked({ ids, onDone }: RetryPickedProps) {
  const retry = useRetryDelivery()
  const [progress, setProgress] = useState<{ done: number; of: number } | null>(null)
  const [refusals, setRefusals] = useState<string[]>([])
  const stop = useRef(new AbortController())

  const run = async () => {
    const { signal } = (stop.current = new AbortController())
    setRefusals([])
    let accepted = 0
    for (const [index, id] of ids.entries()) {
      if (signal.aborted) break
      setProgress({ done: index, of: ids.length })
      try {
        await retry.mutateAsync(id)
        accepted += 1
      } catch (error) {
        const { message } = asProblem(error)
        setRefusals((before) => [...before, `${shortId(id)}: ${message}`])
      }
    }
    setProgress(null)
    if (accepted === ids.length) onDone()
  }
  return (
    <div className="pr-picked">
      <span className="pr-number">{plural(ids.length, 'delivery', 'deliveries')} selected</span>
      {progress === null ? (
        <ScopedButton scope="delivery:retry" size="xs" onClick={() => void run()}>
          Retry selected
        </ScopedButton>
      ) : (
        <Button
          size="xs"
          variant="default"
          onClick={() => {
            stop.current.abort()
          }}
        >
          Stop
        </Button>
      )}
      <Button size="xs" variant="subtle" onClick={onDone}>
        Clear selection
      </Button>
      <Answer>{progress !== null && `${progress.done} of ${progress.of} asked for`}</Answer>
      <ErrorLine>{refusals.length > 0 && refusals.slice(0, 5).join(' ')}</ErrorLine>
    </div>
  )
}
