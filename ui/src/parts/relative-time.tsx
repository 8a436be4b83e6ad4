import { Tooltip } from '@mantine/core'
import { exactTime, relativeTime } from '../text/time.ts'
import { useNow } from './now.ts'

/** "4 min ago", and exactly, local and UTC, on hover. */
export function RelativeTime({ at, prefix = '' }: { at: string; prefix?: string }) {
  const nowMs = useNow()
  return (
    <Tooltip label={exactTime(at)}>
      <time dateTime={at} className="pr-time">
        {prefix}
        {relativeTime(at, nowMs)}
      </time>
    </Tooltip>
  )
}
