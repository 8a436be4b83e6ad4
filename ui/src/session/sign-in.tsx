import { Button, TextInput, Title } from '@mantine/core'
import { useState, type SyntheticEvent } from 'react'
import { asProblem } from '../api/problem.ts'
import { useSignIn } from '../api/session.ts'
import { ErrorLine } from '../parts/notice.tsx'
import { Icon } from '../parts/icon.tsx'

/** The key is given to the server once, for a session; it is kept nowhere in the browser. */
export function SignIn({ codeError }: { codeError: Error | null }) {
  const [key, setKey] = useState('')
  const signIn = useSignIn()
  const onSubmit = (event: SyntheticEvent) => {
    event.preventDefault()
    signIn.mutate({ apiKey: key.trim() })
  }
  return (
    <main className="pr-alone">
      <div className="pr-sign-in">
        <Title order={1} className="pr-brand">
          <Icon name="hook" size={24} /> Postrider
        </Title>
        <p className="pr-muted">Sign in to see and change the webhooks of your workspace.</p>
        {codeError !== null && signIn.isIdle && (
          <ErrorLine>
            The sign-in link did not work: it can be used once, within its time. Ask for a new one, or use an
            API key.
          </ErrorLine>
        )}
        <form onSubmit={onSubmit} className="pr-form">
          <TextInput
            type="password"
            label="API key"
            description="It looks like whk_live_… and is used only to open this session."
            value={key}
            onChange={(event) => {
              setKey(event.currentTarget.value)
            }}
            error={signIn.isError ? signInError(signIn.error) : undefined}
            autoComplete="off"
            spellCheck={false}
            required
            withAsterisk={false}
            data-autofocus
            autoFocus
          />
          <Button type="submit" loading={signIn.isPending} fullWidth>
            Sign in
          </Button>
        </form>
        <p className="pr-muted">
          Or open a sign-in link: whoever runs Postrider gets one from <code>npm run sign-in</code>.
        </p>
      </div>
    </main>
  )
}

function signInError(error: unknown): string {
  const problem = asProblem(error)
  return problem.status === 401
    ? 'This key is not accepted: it is mistyped, expired or revoked.'
    : problem.message
}
