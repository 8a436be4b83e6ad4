import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useState } from 'react'
import { errorOf } from '../api/problem.ts'
import type { Webhook } from '../api/types.ts'
import { useRevealSecret, useRotateSecret } from '../api/webhooks.ts'
import { CopyButton } from '../parts/copy.tsx'
import { Dialog, DialogActions } from '../parts/dialog.tsx'
import { ErrorLine } from '../parts/notice.tsx'
import { useNow } from '../parts/now.ts'
import { ScopedButton } from '../parts/scoped.tsx'
import { exactTime } from '../text/time.ts'
import { SecretOnce } from '../webhooks/secret-once.tsx'
import { SectionTitle } from './section-title.tsx'

export function SecretSection({ webhook }: { webhook: Webhook }) {
  const [isRotating, setIsRotating] = useState(false)
  const reveal = useRevealSecret(webhook.id)
  return (
    <section className="pr-section">
      <SectionTitle>Signing secret</SectionTitle>
      <p className="pr-muted">Every request is signed with it. Revealing it is written to the audit log.</p>
      {reveal.isSuccess && (
        <div className="pr-secret">
          <TextInput
            label="Signing secret"
            value={reveal.data.secret}
            readOnly
            classNames={{ root: 'pr-grow', input: 'pr-mono' }}
          />
          <CopyButton label="Copy secret" text={reveal.data.secret} />
        </div>
      )}
      <div className="pr-form-actions">
        {!reveal.isSuccess && (
          <ScopedButton
            scope="webhook:secret"
            variant="default"
            loading={reveal.isPending}
            onClick={() => {
              reveal.mutate()
            }}
          >
            Reveal secret
          </ScopedButton>
        )}
        {reveal.isSuccess && (
          <Button
            variant="default"
            onClick={() => {
              reveal.reset()
            }}
          >
            Hide secret
          </Button>
        )}
        <ScopedButton
          scope="webhook:write"
          variant="default"
          onClick={() => {
            reveal.reset()
            setIsRotating(true)
          }}
        >
          Rotate secret
        </ScopedButton>
        <ErrorLine>{reveal.error?.message}</ErrorLine>
      </div>
      <RotateDialog
        webhook={webhook}
        opened={isRotating}
        onClose={() => {
          setIsRotating(false)
        }}
      />
    </section>
  )
}

const OVERLAPS = [
  { value: '0', label: 'not at all, it is revoked now' },
  { value: '1', label: '1 hour' },
  { value: '24', label: '24 hours' },
  { value: '72', label: '3 days' },
  { value: '168', label: '7 days' },
]
const HOUR_MS = 3_600_000

interface RotateDialogProps {
  webhook: Webhook
  opened: boolean
  onClose: () => void
}

function RotateDialog({ webhook, opened, onClose }: RotateDialogProps) {
  const [overlapHours, setOverlapHours] = useState('24')
  const rotate = useRotateSecret(webhook.id)
  const close = () => {
    onClose()
    rotate.reset()
    setOverlapHours('24')
  }
  return (
    <Dialog title="Rotate secret" opened={opened} onClose={close} size={rotate.isSuccess ? 760 : 520}>
      {rotate.isSuccess ? (
        <SecretOnce webhook={webhook} secret={rotate.data.secret} onDone={close} />
      ) : (
        <div className="pr-form">
          <NativeSelect
            label="Old secret works for"
            data={OVERLAPS}
            value={overlapHours}
            onChange={(event) => {
              setOverlapHours(event.currentTarget.value)
            }}
            error={errorOf(rotate.error, 'overlapHours')}
            data-autofocus
          />
          <OverlapWords hours={Number(overlapHours)} />
          <DialogActions>
            <ErrorLine>{rotate.error?.message}</ErrorLine>
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button
              loading={rotate.isPending}
              onClick={() => {
                rotate.mutate({ overlapHours: Number(overlapHours) })
              }}
            >
              Rotate secret
            </Button>
          </DialogActions>
        </div>
      )}
    </Dialog>
  )
}

function OverlapWords({ hours }: { hours: number }) {
  const nowMs = useNow()
  if (hours === 0)
    return (
      <p>
        From the next attempt on only the new secret signs. Until your receiver knows it, it refuses them.
      </p>
    )
  return (
    <p>
      Both secrets sign until {exactTime(new Date(nowMs + hours * HOUR_MS).toISOString())}. Change the
      receiver before.
    </p>
  )
}
