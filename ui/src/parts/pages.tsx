import { Button } from '@mantine/core'
import { useLocation, useNavigate, useSearchParams } from 'react-router'

/** Cursors only lead on, so the way back is remembered with the address, where a reload finds it. */
function useCursors() {
  const [parameters] = useSearchParams()
  const location = useLocation()
  const navigate = useNavigate()
  const state = location.state as { cursors?: string[] } | null
  const cursor = parameters.get('cursor')
  const earlier = state?.cursors ?? []

  const goTo = (next: string | null | undefined, cursors: string[]) => {
    const search = new URLSearchParams(parameters)
    if (next === null || next === undefined || next === '') search.delete('cursor')
    else search.set('cursor', next)
    void navigate({ search: search.toString() }, { state: { cursors } })
  }
  return {
    cursor,
    forward: (next: string) => {
      goTo(next, [...earlier, cursor ?? ''])
    },
    back: () => {
      goTo(earlier.at(-1), earlier.slice(0, -1))
    },
  }
}

export function Pages({ nextCursor }: { nextCursor: string | null | undefined }) {
  const { cursor, forward, back } = useCursors()
  if (cursor === null && (nextCursor === null || nextCursor === undefined)) return null
  return (
    <nav aria-label="Pages" className="pr-pages">
      <Button variant="default" size="xs" disabled={cursor === null} onClick={back}>
        Previous page
      </Button>
      <Button
        variant="default"
        size="xs"
        disabled={nextCursor === null || nextCursor === undefined}
        onClick={() => {
          if (nextCursor !== null && nextCursor !== undefined) forward(nextCursor)
        }}
      >
        Next page
      </Button>
    </nav>
  )
}
