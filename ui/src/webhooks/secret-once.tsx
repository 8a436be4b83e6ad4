import { Button } from '@mantine/core'
import { useState } from 'react'
import type { Webhook } from '../api/types.ts'
import { CopyButton } from '../parts/copy.tsx'
import { DialogActions } from '../parts/dialog.tsx'
import { Segments } from '../parts/segments.tsx'
import { ShownOnce } from '../parts/shown-once.tsx'
import { TestSender } from './test-sender.tsx'
import { SNIPPETS } from './verification-snippets.ts'

interface SecretOnceProps {
  webhook: Webhook
  secret: string
  onDone: () => void
}

/** The secret, how to use it, and whether it works: what one does next, in this order. */
export function SecretOnce({ webhook, secret, onDone }: SecretOnceProps) {
  return (
    <div className="pr-form">
      <ShownOnce
        label="Signing secret"
        description="Keep it where your receiver reads it. It is shown now and not again."
        text={secret}
        copyLabel="Copy secret"
      />
      <VerificationCode />
      <TestSender webhook={webhook} />
      <DialogActions>
        <Button onClick={onDone}>Done</Button>
      </DialogActions>
    </div>
  )
}

function VerificationCode() {
  const [language, setLanguage] = useState('Node.js')
  const snippet = SNIPPETS.find((candidate) => candidate.language === language)
  return (
    <section aria-label="Verify in your receiver">
      <div className="pr-code-head">
        <h3 className="pr-h3">Verify in your receiver</h3>
        <Segments
          label="Language"
          choices={SNIPPETS.map(({ language: name }) => ({ value: name, label: name }))}
          value={language}
          onChange={setLanguage}
        />
      </div>
      <pre role="group" aria-label={`Code in ${language}`} tabIndex={0} className="pr-box pr-code">
        {snippet?.code}
      </pre>
      <p className="pr-help">
        The raw body counts: check it before it is parsed. Libraries for Standard Webhooks (standardwebhooks,
        svix) verify these requests, too.
      </p>
      <CopyButton size="xs" label="Copy code" text={snippet?.code ?? ''} />
    </section>
  )
}
