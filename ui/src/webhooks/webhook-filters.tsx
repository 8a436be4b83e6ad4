import { NativeSelect, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useEffect, useState } from 'react'
import type { Filters } from '../parts/search-state.ts'
import { EventTypeSelect } from '../parts/event-type-select.tsx'

const TYPING_PAUSE_MS = 250
const SEARCH_CHARACTERS_MAX = 200

const STATUSES = [
  { value: '', label: 'Any status' },
  { value: 'enabled', label: 'Enabled' },
  { value: 'failed', label: 'Failed' },
  { value: 'disabled', label: 'Disabled' },
]

export function WebhookFilters({ filters }: { filters: Filters }) {
  return (
    <search className="pr-filters">
      <SearchField
        value={filters.value('q')}
        onChange={(value) => {
          filters.set('q', value)
        }}
      />
      <NativeSelect
        aria-label="Status"
        data={STATUSES}
        value={filters.value('status')}
        onChange={(event) => {
          filters.set('status', event.currentTarget.value)
        }}
      />
      <EventTypeSelect
        value={filters.value('eventType')}
        onChange={(value) => {
          filters.set('eventType', value)
        }}
      />
    </search>
  )
}

function SearchField({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const [text, setText] = useState(value)
  const later = useDebouncedCallback(onChange, TYPING_PAUSE_MS)
  // Back and "Clear filters" change the address, and with it what is searched.
  useEffect(() => {
    setText(value)
  }, [value])
  return (
    <TextInput
      type="search"
      aria-label="Search webhooks"
      placeholder="Search URL or description"
      className="pr-grow pr-search"
      maxLength={SEARCH_CHARACTERS_MAX}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value)
        later(event.currentTarget.value.trim())
      }}
    />
  )
}
