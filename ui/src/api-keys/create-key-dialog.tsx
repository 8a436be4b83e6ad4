import { Button, Checkbox, NativeSelect, TextInput } from '@mantine/core'
import { useState } from 'react'
import { errorBeside, errorOf } from '../api/problem.ts'
import { useCreateApiKey } from '../api/workspace.ts'
import { Dialog, DialogActions } from '../parts/dialog.tsx'
import { ErrorLine } from '../parts/notice.tsx'
import { ShownOnce } from '../parts/shown-once.tsx'
import type { Session } from '../api/types.ts'
import { useSession } from '../session/session.ts'

type Scope = Session['scopes'][number]

const DAY_MS = 86_400_000
const LIFETIMES = [
  { value: '', label: 'Never' },
  { value: '7', label: 'In 7 days' },
  { value: '30', label: 'In 30 days' },
  { value: '90', label: 'In 90 days' },
  { value: '365', label: 'In a year' },
]

interface CreateKeyDialogProps {
  opened: boolean
  onClose: () => void
}

export function CreateKeyDialog({ opened, onClose }: CreateKeyDialogProps) {
  const [text, setText] = useState<string | null>(null)
  const close = () => {
    onClose()
    setText(null)
  }
  return (
    <Dialog title="Create API key" opened={opened} onClose={close} size={560}>
      {text === null ? (
        <KeyForm onCreated={setText} onCancel={close} />
      ) : (
        <NewKey text={text} onDone={close} />
      )}
    </Dialog>
  )
}

function KeyForm({ onCreated, onCancel }: { onCreated: (text: string) => void; onCancel: () => void }) {
  const { session } = useSession()
  const create = useCreateApiKey()
  const [name, setName] = useState('')
  const [scopes, setScopes] = useState<Scope[]>([])
  const [days, setDays] = useState('')
  const submit = () => {
    const expiresAt =
      days === '' ? {} : { expiresAt: new Date(Date.now() + Number(days) * DAY_MS).toISOString() }
    create.mutate(
      { name: name.trim(), scopes, ...expiresAt },
      {
        onSuccess: ({ key }) => {
          onCreated(key)
        },
      },
    )
  }
  return (
    <form
      noValidate
      className="pr-form"
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
    >
      <TextInput
        label="Name"
        placeholder="Who uses it, for example Billing service"
        value={name}
        onChange={(event) => {
          setName(event.currentTarget.value)
        }}
        error={errorOf(create.error, 'name')}
        autoComplete="off"
        data-autofocus
      />
      <Checkbox.Group
        label="Scopes"
        description="What it may do: give it no more than it needs. A key can give only scopes it has itself."
        value={scopes}
        onChange={setScopes}
        error={errorOf(create.error, 'scopes')}
      >
        <div className="pr-scopes">
          {session.scopes.map((scope) => (
            <Checkbox key={scope} size="xs" value={scope} label={scope} classNames={{ label: 'pr-mono' }} />
          ))}
        </div>
      </Checkbox.Group>
      <NativeSelect
        label="Expires"
        data={LIFETIMES}
        value={days}
        onChange={(event) => {
          setDays(event.currentTarget.value)
        }}
        error={errorOf(create.error, 'expiresAt')}
      />
      <DialogActions>
        <ErrorLine>{errorBeside(create.error, ['name', 'scopes', 'expiresAt'])}</ErrorLine>
        <Button variant="default" onClick={onCancel}>
          Cancel
        </Button>
        <Button type="submit" loading={create.isPending}>
          Create
        </Button>
      </DialogActions>
    </form>
  )
}

function NewKey({ text, onDone }: { text: string; onDone: () => void }) {
  return (
    <div className="pr-form">
      <ShownOnce
        label="API key"
        description="Copy it now: it is shown this once and kept nowhere."
        text={text}
        copyLabel="Copy key"
      />
      <DialogActions>
        <Button onClick={onDone}>Done</Button>
      </DialogActions>
    </div>
  )
}
