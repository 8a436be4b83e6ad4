import { Button } from '@mantine/core'
import { useState } from 'react'
import { errorBeside } from '../api/problem.ts'
import type { Webhook } from '../api/types.ts'
import { useChangeWebhook } from '../api/webhooks.ts'
import { Answer, ErrorLine } from '../parts/notice.tsx'
import { ScopedButton } from '../parts/scoped.tsx'
import { changesFrom, FORM_MEMBERS, valuesOf, type FormValues } from '../webhooks/form-values.ts'
import { WebhookForm } from '../webhooks/webhook-form.tsx'
import { DeleteSection } from './delete-section.tsx'
import { SecretSection } from './secret-section.tsx'

export function SettingsTab({ webhook }: { webhook: Webhook }) {
  return (
    <div className="pr-column">
      <EditForm webhook={webhook} />
      <SecretSection webhook={webhook} />
      <DeleteSection webhook={webhook} />
    </div>
  )
}

function EditForm({ webhook }: { webhook: Webhook }) {
  // What is saved shows through wherever nothing has been typed over it.
  const [typed, setTyped] = useState<Partial<FormValues>>({})
  const change = useChangeWebhook(webhook.id)
  const values = { ...valuesOf(webhook), ...typed }
  const changes = changesFrom(values, webhook)
  const isChanged = Object.keys(changes).length > 0
  const save = () => {
    change.mutate(changes, {
      onSuccess: () => {
        setTyped({})
      },
    })
  }
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        save()
      }}
    >
      <WebhookForm
        values={values}
        onChange={(part) => {
          change.reset()
          setTyped((before) => ({ ...before, ...part }))
        }}
        error={change.error}
        savedUrl={webhook.url}
        withSecret={false}
      />
      <div className="pr-form-actions">
        <ScopedButton scope="webhook:write" type="submit" loading={change.isPending} disabled={!isChanged}>
          Save changes
        </ScopedButton>
        {isChanged && (
          <Button
            variant="subtle"
            onClick={() => {
              change.reset()
              setTyped({})
            }}
          >
            Undo changes
          </Button>
        )}
        <Answer>{change.isSuccess && 'Saved. The next attempt of every delivery uses it.'}</Answer>
        <ErrorLine>{errorBeside(change.error, FORM_MEMBERS)}</ErrorLine>
      </div>
    </form>
  )
}
