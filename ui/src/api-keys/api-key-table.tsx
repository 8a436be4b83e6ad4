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
  const [revoking, setRevoking] = useState<ApiKey | null>(null)
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
            }}
          />
        ))}
      </DataTable>
      <RevokeDialog
        apiKey={revoking}
        onClose={() => {
          setRevoking(null)
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

function RevokeDialog({ apiKey, onClose }: { apiKey: ApiKey | null; onClose: () => void }) {
  const revoke = useRevokeApiKey()
  const close = () => {
    onClose()
    revoke.reset()
  }
  return (
    <Dialog title="Revoke API key" opened={apiKey !== null} onClose={close}>
      <p className="pr-break">
        From now on nothing accepts <strong>{visibleText(apiKey?.name ?? '')}</strong>, and whoever signed in
        with it is signed out. This cannot be undone.
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
