import { TextInput } from '@mantine/core'
import { useEffect, useId, useRef, useState } from 'react'
import { errorOf } from '../api/problem.ts'
import { Icon } from '../parts/icon.tsx'
import { EventPicker } from './event-picker.tsx'
import { showFirstError } from './first-error.ts'
import { hasOptionalError, type FormValues } from './form-values.ts'
import { MoreOptions } from './more-options.tsx'
import { SchedulePicker } from './schedule-picker.tsx'
import { UrlField } from './url-field.tsx'

interface WebhookFormProps {
  values: FormValues
  onChange: (change: Partial<FormValues>) => void
  /** What the server refused, if it did. */
  error: unknown
  savedUrl?: string
  /** A secret can be given only at creation; later it is rotated. */
  withSecret: boolean
}

/** The fields of a webhook, at its creation and later. */
export function WebhookForm(props: WebhookFormProps) {
  const { values, onChange, error, savedUrl, withSecret } = props
  const moreId = useId()
  const [isOpen, setIsOpen] = useState(false)
  // An error must not hide behind a closed lid, or above what is in view.
  if (!isOpen && hasOptionalError(error)) setIsOpen(true)
  const fields = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (error !== null) showFirstError(fields.current)
  }, [error])
  return (
    <div className="pr-form" ref={fields}>
      <UrlField
        url={values.url}
        onChange={(url) => {
          onChange({ url })
        }}
        error={errorOf(error, 'url')}
        {...(savedUrl === undefined ? {} : { savedUrl })}
        autoFocus={withSecret}
      />
      <TextInput
        label="Description"
        placeholder="What it is for, for example Billing"
        value={values.description}
        onChange={(event) => {
          onChange({ description: event.currentTarget.value })
        }}
        error={errorOf(error, 'description')}
        autoComplete="off"
      />
      <EventPicker
        events={values.events}
        onChange={(events) => {
          onChange({ events })
        }}
        error={errorOf(error, 'events')}
      />
      <SchedulePicker
        choice={values.schedule}
        onChange={(schedule) => {
          onChange({ schedule })
        }}
        error={errorOf(error, 'schedule')}
      />
      <div>
        <button
          type="button"
          className="pr-disclosure"
          aria-expanded={isOpen}
          aria-controls={moreId}
          onClick={() => {
            setIsOpen(!isOpen)
          }}
        >
          <Icon name={isOpen ? 'down' : 'right'} size={14} /> More options
        </button>
        <div id={moreId} hidden={!isOpen} className="pr-more">
          {isOpen && (
            <MoreOptions values={values} onChange={onChange} error={error} withSecret={withSecret} />
          )}
        </div>
      </div>
    </div>
  )
}
