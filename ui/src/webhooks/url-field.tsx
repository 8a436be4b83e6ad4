import { TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { checkUrl } from '../api/webhooks.ts'
import { asProblem, errorOf } from '../api/problem.ts'
import { useSession } from '../session/session.ts'

const TYPING_PAUSE_MS = 300
const NOTHING_YET = /^(h|ht|htt|http|https|https?:|https?:\/|https?:\/\/)?$/i

interface UrlFieldProps {
  url: string
  onChange: (url: string) => void
  /** What saving answered; shown until the URL is typed anew. */
  error?: string | undefined
  /** The URL that is saved already and needs no check. */
  savedUrl?: string
  autoFocus?: boolean
}

/** Asks the server while one types: the only rules are the server's. */
export function UrlField({ url, onChange, error, savedUrl, autoFocus = false }: UrlFieldProps) {
  const checked = useCheckedUrl(url, savedUrl)
  return (
    <TextInput
      label="Endpoint URL"
      description="Each event is sent here as a signed POST."
      placeholder="https://"
      value={url}
      onChange={(event) => {
        onChange(event.currentTarget.value)
      }}
      error={error ?? checked}
      required
      withAsterisk={false}
      inputMode="url"
      autoComplete="off"
      spellCheck={false}
      data-autofocus={autoFocus || undefined}
      classNames={{ input: 'pr-mono', error: 'pr-break' }}
    />
  )
}

function useCheckedUrl(url: string, savedUrl: string | undefined): string | undefined {
  const { can } = useSession()
  const [settled] = useDebouncedValue(url, TYPING_PAUSE_MS)
  const isChecked = !NOTHING_YET.test(settled) && settled !== savedUrl && can('webhook:write')
  const query = useQuery({
    queryKey: ['check-url', settled],
    queryFn: async ({ signal }) => {
      await checkUrl(settled, signal)
      return true
    },
    enabled: isChecked,
    staleTime: Infinity,
    retry: false,
    refetchOnWindowFocus: false,
  })
  // Only the server's word about this very text counts: not its silence, and not what it said of an earlier one.
  if (settled !== url || !isChecked || query.error === null) return undefined
  return (
    errorOf(query.error, 'url') ?? (asProblem(query.error).status === 422 ? query.error.message : undefined)
  )
}
