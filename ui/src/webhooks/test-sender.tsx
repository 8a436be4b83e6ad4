import { NativeSelect } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Attempt, Webhook } from '../api/types.ts'
import { eventTypesQuery } from '../api/workspace.ts'
import { useSendTest } from '../api/webhooks.ts'
import { Badge } from '../parts/badge.tsx'
import { ErrorNotice } from '../parts/notice.tsx'
import { ScopedButton } from '../parts/scoped.tsx'
import { HeaderList, TextBox } from '../parts/text-box.tsx'
import { failureSentence } from '../text/failure.ts'
import { milliseconds } from '../text/number.ts'
import { hostOf } from '../text/url.ts'
import { checkOf } from './event-choice.ts'

/** Sends one sample now and shows what came of it, right below. */
export function TestSender({ webhook, withType = false }: { webhook: Webhook; withType?: boolean }) {
  const [type, setType] = useState('')
  const catalogue = useQuery(eventTypesQuery())
  const subscribed = (catalogue.data ?? []).filter(({ name }) => checkOf(webhook.events, name) === 'on')
  const send = useSendTest(webhook.id)
  const example = subscribed.find(({ name }) => name === type) ?? subscribed[0]
  return (
    <div className="pr-test">
      <div className="pr-test-controls">
        {withType && (
          <NativeSelect
            label="Event type"
            data={subscribed.map(({ name }) => name)}
            value={example?.name ?? ''}
            onChange={(event) => {
              setType(event.currentTarget.value)
            }}
          />
        )}
        <ScopedButton
          scope="webhook:write"
          variant={withType ? 'filled' : 'default'}
          loading={send.isPending}
          onClick={() => {
            send.mutate(withType && example !== undefined ? { type: example.name } : {})
          }}
        >
          Send test event
        </ScopedButton>
      </div>
      {withType && example !== undefined && (
        <TextBox label="Example payload" text={JSON.stringify(example.example, null, 2)} />
      )}
      <div role="status">
        {send.isSuccess && <TestResult attempt={send.data.attempt} webhook={webhook} isDetailed={withType} />}
      </div>
      {send.isError && <ErrorNotice error={send.error} />}
    </div>
  )
}

interface TestResultProps {
  attempt: Attempt
  webhook: Webhook
  isDetailed: boolean
}

function TestResult({ attempt, webhook, isDetailed }: TestResultProps) {
  const isAccepted = attempt.failure === null
  return (
    <section aria-label="Test result" className="pr-test-result">
      <p>
        <Badge icon={isAccepted ? 'check' : 'cross'} tone={isAccepted ? 'success' : 'danger'}>
          {isAccepted ? 'Accepted' : 'Not accepted'}
        </Badge>{' '}
        {attempt.statusCode !== null && <>Answered {attempt.statusCode} </>}
        in {milliseconds(attempt.responseTimeMs)}.
      </p>
      {attempt.failure !== null && (
        <p>
          {failureSentence(attempt.failure, {
            host: hostOf(webhook.url),
            statusCode: attempt.statusCode,
            timeoutMs: webhook.timeoutMs,
            location: attempt.responseHeaders?.['location'] ?? null,
          })}
        </p>
      )}
      {isDetailed && attempt.responseHeaders !== null && (
        <HeaderList label="Response headers" headers={attempt.responseHeaders} />
      )}
      {attempt.responseBody !== null && attempt.responseBody !== '' && (
        <TextBox label="Response body" text={attempt.responseBody} />
      )}
    </section>
  )
}
