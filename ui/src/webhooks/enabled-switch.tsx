import { Button, Switch, Tooltip } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { asProblem } from '../api/problem.ts'
import type { Webhook, WebhookPatch } from '../api/types.ts'
import { useChangeWebhook, webhookQuery } from '../api/webhooks.ts'
import { Dialog, DialogActions } from '../parts/dialog.tsx'
import { ErrorLine } from '../parts/notice.tsx'
import { neededScope } from '../parts/scoped.tsx'
import { useSession } from '../session/session.ts'
import { plural } from '../text/number.ts'

interface EnabledSwitchProps {
  webhook: Webhook
  label: string
  isLabelShown?: boolean
  /** Told what came of it, to say it where there is room. */
  onDone: (webhook: Webhook) => void
}

/** Shows what the server says, never what was just pressed. Turning on asks first what becomes of the held ones. */
export function EnabledSwitch({ webhook, label, isLabelShown = false, onDone }: EnabledSwitchProps) {
  const { can } = useSession()
  const queryClient = useQueryClient()
  const change = useChangeWebhook(webhook.id)
  const [heldCount, setHeldCount] = useState(0)
  const [isAsking, setIsAsking] = useState(false)
  const [error, setError] = useState<string>()
  const [isLooking, setIsLooking] = useState(false)

  const send = (patch: WebhookPatch) => {
    setError(undefined)
    change.mutate(patch, {
      onSuccess: (changed) => {
        setIsAsking(false)
        onDone(changed)
      },
      onError: (problem) => {
        setError(problem.message)
      },
    })
  }
  const turnOn = async () => {
    setIsLooking(true)
    try {
      const fresh = await queryClient.query({ ...webhookQuery(webhook.id), staleTime: 0 })
      setHeldCount(fresh.heldCount)
      if (fresh.heldCount > 0) setIsAsking(true)
      else send({ enabled: true })
    } catch (problem) {
      setError(asProblem(problem).message)
    } finally {
      setIsLooking(false)
    }
  }
  const isAllowed = can('webhook:write')
  const isBusy = change.isPending || isLooking
  return (
    <>
      <Tooltip label={neededScope('webhook:write')} disabled={isAllowed}>
        <span className="pr-switch" data-busy={isBusy || undefined}>
          <Switch
            size="sm"
            checked={webhook.enabled}
            disabled={!isAllowed}
            {...(isLabelShown ? { label } : { 'aria-label': label })}
            aria-busy={isBusy}
            onChange={() => {
              if (isBusy) return
              if (webhook.enabled) send({ enabled: false })
              else void turnOn()
            }}
          />
        </span>
      </Tooltip>
      {!isAsking && error !== undefined && <ErrorLine>{error}</ErrorLine>}
      <Dialog
        title="Enable webhook"
        opened={isAsking}
        onClose={() => {
          setIsAsking(false)
        }}
      >
        <p>
          {plural(heldCount, 'event was', 'events were')} kept while this webhook was off. Send{' '}
          {heldCount === 1 ? 'it' : 'them'} now, or keep {heldCount === 1 ? 'it' : 'them'} and send only what
          comes from now on?
        </p>
        <DialogActions>
          <ErrorLine>{error}</ErrorLine>
          <Button
            variant="default"
            disabled={isBusy}
            onClick={() => {
              send({ enabled: true })
            }}
          >
            Enable only
          </Button>
          <Button
            loading={isBusy}
            onClick={() => {
              send({ enabled: true, sendHeld: true })
            }}
          >
            Enable and send
          </Button>
        </DialogActions>
      </Dialog>
    </>
  )
}
