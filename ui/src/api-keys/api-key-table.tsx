import { Button } from '@mantine/core'
import { useState } from 'react'
import type { ApiKey } from '../api/types.ts'
import { useRevokeApiKey } from '../api/workspace.ts'
import { Cell, DataTable } from '../parts/data-table.tsx'
import { Dialog, DialogActions } from '../parts/dialog.tsx'
import { ErrorLine } from '../parts/notice.tsx'
import { RelativeTime } from '../parts/relative-time.tsx'
import { visibleText } from '../text/visible-text.ts'

const COLUMNS = [
  { id: 'name', header: 'Name' },
  { id: 'scopes', header: 'Scopes' },
  { id: 'used', header: 'Last used' },
  { id: 'expires', header: 'Expires' },
  { id: 'created', header: 'Created' },
  { id: 'revoke', header: <span className="pr-hidden">Revoke</span> },
]

export function ApiKeyTable({ keys }: { keys: readonly ApiKey[] | undefined }) {
  // While the dialog closes it still shows what it showed.
  const [revoking, setRevoking] = useState<ApiKey | null>(null)
  const [isAsking, setIsAsking] = useState(false)
  return (
    <>
      <DataTable
        label="API keys"
        layout="pr-api-keys"
        columns={COLUMNS}
        skeletonRows={keys === undefined ? 3 : undefined}
      >
        {keys?.map((key) => (
          <KeyRow
            key={key.id}
            apiKey={key}
            onRevoke={() => {
              setRevoking(key)
              setIsAsking(true)
            }}
          />
        ))}
      </DataTable>
      <RevokeDialog
        apiKey={revoking}
        opened={isAsking}
        onClose={() => {
          setIsAsking(false)
        }}
      />
    </>
  )
}

function KeyRow({ apiKey, onRevoke }: { apiKey: ApiKey; onRevoke: () => void }) {
  const name = visibleText(apiKey.name)
  return (
    <tr role="row">
      <Cell id="name">
        <strong className="pr-break">{name}</strong>
        <div className="pr-second-line pr-mono">{apiKey.prefix}…</div>
      </Cell>
      <Cell id="scopes">
        <ul className="pr-chips" aria-label={`Scopes of ${name}`}>
          {apiKey.scopes.map((scope) => (
            <li key={scope}>{scope}</li>
          ))}
        </ul>
      </Cell>
      <Cell id="used">
        {apiKey.lastUsedAt === null ? <Never label="Never used" /> : <RelativeTime at={apiKey.lastUsedAt} />}
      </Cell>
      <Cell id="expires">
        {apiKey.expiresAt === null ? <Never label="Never" /> : <RelativeTime at={apiKey.expiresAt} />}
      </Cell>
      <Cell id="created">
        <RelativeTime at={apiKey.createdAt} />
      </Cell>
      <Cell id="revoke">
        <Button variant="default" size="xs" aria-label={`Revoke ${name}`} onClick={onRevoke}>
          Revoke
        </Button>
      </Cell>
    </tr>
  )
}

function Never({ label }: { label: string }) {
  return <span className="pr-muted">{label}</span>
}

interface RevokeDialogProps {
  apiKey: ApiKey | null
  opened: boolean
  onClose: () => void
}

function RevokeDialog({ apiKey, opened, onClose }: RevokeDialogProps) {
  const name = visibleText(apiKey?.name ?? '')
  const revoke = useRevokeApiKey()
  const close = () => {
    onClose()
    revoke.reset()
  }
  return (
    <Dialog title={`Revoke ${name}`} opened={opened} onClose={close}>
      <p className="pr-break">
        From now on nothing accepts <strong>{name}</strong>, and whoever signed in with it is signed out. This
        cannot be undone.
      </p>
      <DialogActions>
        <ErrorLine>{revoke.error?.message}</ErrorLine>
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
        <Button
          color="red"
          loading={revoke.isPending}
          onClick={() => {
            if (apiKey !== null) revoke.mutate(apiKey.id, { onSuccess: close })
          }}
        >
          Revoke
        </Button>
      </DialogActions>
    </Dialog>
  )
}
