import { Button, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import type { Webhook } from '../api/types.ts'
import { useDeleteWebhook } from '../api/webhooks.ts'
import { Dialog, DialogActions } from '../parts/dialog.tsx'
import { ErrorLine } from '../parts/notice.tsx'
import { ScopedButton } from '../parts/scoped.tsx'
import { plural } from '../text/number.ts'
import { hostOf } from '../text/url.ts'
import { SectionTitle } from './section-title.tsx'

export function DeleteSection({ webhook }: { webhook: Webhook }) {
  const [isOpen, setIsOpen] = useState(false)
  return (
    <section className="pr-section">
      <SectionTitle>Delete</SectionTitle>
      <p className="pr-muted">{consequence(webhook)}</p>
      <div className="pr-form-actions">
        <ScopedButton
          scope="webhook:write"
          variant="outline"
          color="red"
          onClick={() => {
            setIsOpen(true)
          }}
        >
          Delete webhook
        </ScopedButton>
      </div>
      <DeleteDialog
        webhook={webhook}
        opened={isOpen}
        onClose={() => {
          setIsOpen(false)
        }}
      />
    </section>
  )
}

function consequence({ openCount, heldCount }: Webhook): string {
  const open = openCount + heldCount
  const ends =
    open === 0 ? 'No delivery is open.' : `Ends ${plural(open, 'open delivery', 'open deliveries')} for good.`
  return `${ends} What was delivered stays on record. To pause, disable it instead.`
}

interface DeleteDialogProps {
  webhook: Webhook
  opened: boolean
  onClose: () => void
}

function DeleteDialog({ webhook, opened, onClose }: DeleteDialogProps) {
  const [typed, setTyped] = useState('')
  const remove = useDeleteWebhook(webhook.id)
  const navigate = useNavigate()
  const host = hostOf(webhook.url)
  const close = () => {
    onClose()
    remove.reset()
    setTyped('')
  }
  const submit = () => {
    if (typed.trim() !== host) return
    remove.mutate(undefined, {
      onSuccess: () => void navigate('/', { state: { answer: `The webhook to ${host} is deleted.` } }),
    })
  }
  return (
    <Dialog title="Delete webhook" opened={opened} onClose={close}>
      <form
        className="pr-form"
        onSubmit={(event) => {
          event.preventDefault()
          submit()
        }}
      >
        <p>{consequence(webhook)}</p>
        <TextInput
          label={`Type ${host} to confirm`}
          value={typed}
          onChange={(event) => {
            setTyped(event.currentTarget.value)
          }}
          autoComplete="off"
          spellCheck={false}
          data-autofocus
          classNames={{ input: 'pr-mono', label: 'pr-break' }}
        />
        <DialogActions>
          <ErrorLine>{remove.error?.message}</ErrorLine>
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" color="red" loading={remove.isPending} disabled={typed.trim() !== host}>
            Delete webhook
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
