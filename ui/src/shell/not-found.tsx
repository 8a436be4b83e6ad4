import { Button } from '@mantine/core'
import { Link } from 'react-router'
import { Empty } from '../parts/notice.tsx'

export function NotFound() {
  return (
    <Empty
      title="There is nothing at this address"
      action={
        <Button component={Link} to="/" variant="default">
          All webhooks
        </Button>
      }
    >
      What was here may have been deleted, or the link is cut off.
    </Empty>
  )
}
