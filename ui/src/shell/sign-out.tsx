import { Button } from '@mantine/core'
import { useSignOut } from '../api/session.ts'
import { ErrorLine } from '../parts/notice.tsx'

export function SignOut() {
  const signOut = useSignOut()
  return (
    <>
      <Button
        variant="default"
        size="xs"
        loading={signOut.isPending}
        onClick={() => {
          signOut.mutate()
        }}
      >
        Sign out
      </Button>
      {signOut.isError && <ErrorLine>Not signed out: {signOut.error.message}</ErrorLine>}
    </>
  )
}
