import { NativeSelect, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useEffect, useState } from 'react'
import { EventTypeSelect } from '../parts/event-type-select.tsx'
import type { Filters } from '../parts/search-state.ts'
import { shortClockTime } from '../text/time.ts'
import { STATE_CHOICES, TIME_CHOICES, pointInTime } from './delivery-filter.ts'

const TYPING_PAUSE_MS = 250

export function DeliveryFilters({ filters }: { filters: Filters }) {
  return (
    <search className="pr-filters pr-grow">
      <NativeSelect
        aria-label="State"
        data={STATE_CHOICES}
        value={filters.value('state')}
        onChange={(event) => {
          filters.set('state', event.currentTarget.value)
        }}
      />
      <EventTypeSelect
        value={filters.value('eventType')}
        onChange={(value) => {
          filters.set('eventType', value)
        }}
      />
      <TimeSelect filters={filters} />
      <IdField
        value={filters.value('id')}
        onChange={(value) => {
          filters.set('id', value)
        }}
      />
    </search>
  )
}

function TimeSelect({ filters }: { filters: Filters }) {
  const from = filters.value('from')
  const to = filters.value('to')
  const own = ownRange(from, to)
  return (
    <NativeSelect
      aria-label="Time"
      data={own === undefined ? TIME_CHOICES : [...TIME_CHOICES, { value: 'own', label: own }]}
      value={own === undefined ? from : 'own'}
      onChange={({ currentTarget: { value } }) => {
        if (value !== 'own') filters.setAll({ from: value, to: '' })
      }}
    />
  )
}

/** A range that a link brought along and that is none of the choices. */
function ownRange(from: string, to: string): string | undefined {
  if (to === '' && TIME_CHOICES.some(({ value }) => value === from)) return undefined
  const nowMs = Date.now()
  const start = pointInTime(from, nowMs)
  const end = pointInTime(to, nowMs)
  if (start === undefined && end === undefined) return undefined
  const since = start === undefined ? '' : `from ${shortClockTime(start, nowMs)} `
  return `${since}${end === undefined ? '' : `to ${shortClockTime(end, nowMs)}`}`.trim()
}

function IdField({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const [text, setText] = useState(value)
  const later = useDebouncedCallback(onChange, TYPING_PAUSE_MS)
  useEffect(() => {
    setText(value)
  }, [value])
  return (
    <TextInput
      aria-label="Delivery ID"
      placeholder="Delivery ID"
      maxLength={36}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value)
        later(event.currentTarget.value.trim())
      }}
      spellCheck={false}
      autoComplete="off"
    />
  )
}
