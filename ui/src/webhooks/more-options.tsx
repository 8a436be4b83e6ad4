import { Button, CloseButton, TextInput } from '@mantine/core'
import { errorOf } from '../api/problem.ts'
import { Icon } from '../parts/icon.tsx'
import type { FormValues, HeaderRow } from './form-values.ts'

interface MoreOptionsProps {
  values: FormValues
  onChange: (change: Partial<FormValues>) => void
  error: unknown
  withSecret: boolean
}

export function MoreOptions({ values, onChange, error, withSecret }: MoreOptionsProps) {
  return (
    <>
      {withSecret && (
        <TextInput
          label="Own secret"
          description="Leave it empty and we make one. Else whsec_ and base64 of 24 to 64 bytes, or 16 to 256 visible ASCII characters."
          value={values.secret}
          onChange={(event) => {
            onChange({ secret: event.currentTarget.value })
          }}
          error={errorOf(error, 'secret')}
          autoComplete="off"
          spellCheck={false}
          classNames={{ input: 'pr-mono' }}
        />
      )}
      <Headers
        headers={values.headers}
        onChange={(headers) => {
          onChange({ headers })
        }}
        error={errorOf(error, 'headers')}
      />
      <div className="pr-two">
        <TextInput
          label="Time for an attempt"
          description="In seconds, 1 to 30."
          placeholder="20"
          inputMode="decimal"
          value={values.timeoutSeconds}
          onChange={(event) => {
            onChange({ timeoutSeconds: event.currentTarget.value })
          }}
          error={errorOf(error, 'timeoutMs')}
          autoComplete="off"
        />
        <TextInput
          label="Attempts at a time"
          description="At most so many at once, 1 to 100."
          placeholder="8"
          inputMode="numeric"
          value={values.concurrency}
          onChange={(event) => {
            onChange({ concurrency: event.currentTarget.value })
          }}
          error={errorOf(error, 'concurrency')}
          autoComplete="off"
        />
      </div>
    </>
  )
}

interface HeadersProps {
  headers: readonly HeaderRow[]
  onChange: (headers: HeaderRow[]) => void
  error: string | undefined
}

function Headers({ headers, onChange, error }: HeadersProps) {
  const change = (id: number, part: Partial<HeaderRow>) => {
    onChange(headers.map((row) => (row.id === id ? { ...row, ...part } : row)))
  }
  return (
    <fieldset className="pr-fieldset">
      <legend className="pr-legend">Headers</legend>
      <p className="pr-help">Sent with every request. Values are kept like secrets and not shown again.</p>
      {headers.map(({ id, name, value }, index) => (
        <div key={id} className="pr-header-row">
          <TextInput
            aria-label={`Name of header ${index + 1}`}
            placeholder="x-team"
            value={name}
            onChange={(event) => {
              change(id, { name: event.currentTarget.value })
            }}
            spellCheck={false}
            autoComplete="off"
          />
          <TextInput
            aria-label={`Value of header ${index + 1}`}
            placeholder="value"
            value={value}
            onChange={(event) => {
              change(id, { value: event.currentTarget.value })
            }}
            spellCheck={false}
            autoComplete="off"
          />
          <CloseButton
            aria-label={`Remove header ${index + 1}`}
            onClick={() => {
              onChange(headers.filter((row) => row.id !== id))
            }}
          />
        </div>
      ))}
      <Button
        variant="default"
        size="xs"
        leftSection={<Icon name="plus" size={12} />}
        onClick={() => {
          onChange([
            ...headers,
            { id: Math.max(-1, ...headers.map((row) => row.id)) + 1, name: '', value: '' },
          ])
        }}
      >
        Add header
      </Button>
      {error !== undefined && (
        <div role="alert" className="pr-field-error">
          {error}
        </div>
      )}
    </fieldset>
  )
}
