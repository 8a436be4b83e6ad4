import { Button } from '@mantine/core'
import { useRef, useState } from 'react'
import { retryDelivery, useDeliveriesChanged } from '../api/deliveries.ts'
import { asProblem } from '../api/problem.ts'
import { Answer, ErrorLine } from '../parts/notice.tsx'
import { ScopedButton } from '../parts/scoped.tsx'
import { plural } from '../text/number.ts'
import { shortId } from '../text/url.ts'

const SHOWN_REFUSALS_MAX = 3

interface RetryPickedProps {
  ids: readonly string[]
  /** Picks only these from now on. */
  onPick: (ids: readonly string[]) => void
}

/** Picked rows are retried one after the other, which can be stopped; what was refused stays picked, with the reason. */
export function RetryPicked({ ids, onPick }: RetryPickedProps) {
  const { run, stop, progress, answer, refusals } = useRetries(onPick)
  const left = refusals.length - SHOWN_REFUSALS_MAX
  return (
    <div className="pr-picked">
      {ids.length > 0 && (
        <span className="pr-number">{plural(ids.length, 'delivery', 'deliveries')} selected</span>
      )}
      {ids.length > 0 && progress === null && (
        <>
          <ScopedButton scope="delivery:retry" size="xs" onClick={() => void run(ids)}>
            Retry selected
          </ScopedButton>
          <Button
            size="xs"
            variant="subtle"
            onClick={() => {
              onPick([])
            }}
          >
            Clear selection
          </Button>
        </>
      )}
      {progress !== null && (
        <Button size="xs" variant="default" onClick={stop}>
          Stop
        </Button>
      )}
      <Answer>{progress ?? (ids.length === 0 || refusals.length > 0 ? answer : undefined)}</Answer>
      <ErrorLine>
        {ids.length > 0 &&
          refusals.length > 0 &&
          refusals.slice(0, SHOWN_REFUSALS_MAX).join(' ') + (left > 0 ? ` And ${left} more.` : '')}
      </ErrorLine>
    </div>
  )
}

function useRetries(onPick: (ids: readonly string[]) => void) {
  const deliveriesChanged = useDeliveriesChanged()
  const [progress, setProgress] = useState<string | null>(null)
  const [answer, setAnswer] = useState('')
  const [refusals, setRefusals] = useState<readonly string[]>([])
  const stopping = useRef(new AbortController())

  const run = async (ids: readonly string[]) => {
    const { signal } = (stopping.current = new AbortController())
    const left = new Set(ids)
    const refused: string[] = []
    setRefusals([])
    for (const [index, id] of ids.entries()) {
      if (signal.aborted) break
      setProgress(`${index} of ${ids.length} asked for`)
      try {
        await retryDelivery(id)
        left.delete(id)
      } catch (error) {
        refused.push(`${shortId(id)}: ${asProblem(error).message}`)
      }
    }
    setProgress(null)
    setRefusals(refused)
    setAnswer(`${plural(ids.length - left.size, 'delivery is', 'deliveries are')} being retried.`)
    onPick([...left])
    await deliveriesChanged()
  }
  const stop = () => {
    stopping.current.abort()
  }
  return { run, stop, progress, answer, refusals }
}
