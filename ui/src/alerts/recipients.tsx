import { InputBase } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { errorBeside, errorOf } from '../api/problem.ts'
import { useChangeAlertEmails, workspaceQuery } from '../api/workspace.ts'
import { Answer, ErrorLine, ErrorNotice } from '../parts/notice.tsx'
import { ScopedButton } from '../parts/scoped.tsx'

function addressesIn(text: string): string[] {
  return text.split(/[\s,;]+/).filter((address) => address !== '')
}

/** Who gets an e-mail when an alert opens, and when it closes because things work again. */
export function Recipients() {
  const query = useQuery(workspaceQuery())
  const change = useChangeAlertEmails()
  const [typed, setTyped] = useState<string>()
  const saved = query.data?.alertEmails.join('\n') ?? ''
  const text = typed ?? saved
  const isChanged = addressesIn(text).join('\n') !== saved
  return (
    <section className="pr-section pr-column" aria-labelledby="recipients">
      <h2 id="recipients" className="pr-section-title pr-h2">
        Who is written to
      </h2>
      {query.isError && query.data === undefined ? (
        <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <form
          noValidate
          onSubmit={(event) => {
            event.preventDefault()
          }}
        >
          <InputBase
            component="textarea"
            multiline
            label="Alert e-mail addresses"
            description="One on each line. When there is none, whoever runs Postrider is written to."
            placeholder="ops@example.com"
            rows={3}
            value={text}
            disabled={query.isPending}
            onChange={(event) => {
              change.reset()
              setTyped(event.currentTarget.value)
            }}
            error={errorOf(change.error, 'alertEmails')}
          />
          <div className="pr-form-actions">
            <ScopedButton
              scope="alert:write"
              variant="default"
              loading={change.isPending}
              disabled={!isChanged}
              onClick={() => {
                change.mutate(addressesIn(text), {
                  onSuccess: () => {
                    setTyped(undefined)
                  },
                })
              }}
            >
              Save addresses
            </ScopedButton>
            <Answer>{change.isSuccess && 'Saved.'}</Answer>
            <ErrorLine>{errorBeside(change.error, ['alertEmails'])}</ErrorLine>
          </div>
        </form>
      )}
    </section>
  )
}
