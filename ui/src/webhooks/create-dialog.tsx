import { Button } from '@mantine/core'
import { useState } from 'react'
import { errorBeside } from '../api/problem.ts'
import type { NewWebhook } from '../api/types.ts'
import { useCreateWebhook } from '../api/webhooks.ts'
import { Dialog, DialogActions } from '../parts/dialog.tsx'
import { ErrorLine } from '../parts/notice.tsx'
import { ScopedButton } from '../parts/scoped.tsx'
import { SecretOnce } from './secret-once.tsx'
import { EMPTY_FORM, FORM_MEMBERS, inputFrom, type FormValues } from './form-values.ts'
import { WebhookForm } from './webhook-form.tsx'

interface CreateDialogProps {
  opened: boolean
  onClose: () => void
}

/** First the form, then, in its place, the secret that is shown this once. */
export function CreateDialog({ opened, onClose }: CreateDialogProps) {
  const [created, setCreated] = useState<NewWebhook | null>(null)
  const close = () => {
    onClose()
    setCreated(null)
  }
  return (
    <Dialog
      title={created === null ? 'Create webhook' : 'Webhook created'}
      opened={opened}
      onClose={close}
      size={760}
    >
      {created === null ? (
        <CreateForm onCreated={setCreated} onCancel={close} />
      ) : (
        <SecretOnce webhook={created} secret={created.secret} onDone={close} />
      )}
    </Dialog>
  )
}

interface CreateFormProps {
  onCreated: (webhook: NewWebhook) => void
  onCancel: () => void
}

function CreateForm({ onCreated, onCancel }: CreateFormProps) {
  const [values, setValues] = useState<FormValues>(EMPTY_FORM)
  const create = useCreateWebhook()
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        create.mutate(inputFrom(values), { onSuccess: onCreated })
      }}
    >
      <WebhookForm
        values={values}
        onChange={(change) => {
          create.reset()
          setValues((before) => ({ ...before, ...change }))
        }}
        error={create.error}
        withSecret
      />
      <DialogActions>
        <ErrorLine>{errorBeside(create.error, FORM_MEMBERS)}</ErrorLine>
        <Button variant="default" onClick={onCancel}>
          Cancel
        </Button>
        <ScopedButton scope="webhook:write" type="submit" loading={create.isPending}>
          Create
        </ScopedButton>
      </DialogActions>
    </form>
  )
}
