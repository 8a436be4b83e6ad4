import { NativeSelect } from '@mantine/core'
import { EventTypeSelect } from '../parts/event-type-select.tsx'
import { FilterSelect, FilterText } from '../parts/filter-fields.tsx'
import type { Filters } from '../parts/search-state.ts'
import { shortClockTime } from '../text/time.ts'
import { STATE_CHOICES, TIME_CHOICES, pointInTime } from './delivery-filter.ts'

export function DeliveryFilters({ filters }: { filters: Filters }) {
  return (
    <search className="pr-filters pr-grow">
      <FilterSelect filters={filters} name="state" label="State" choices={STATE_CHOICES} />
      <EventTypeSelect filters={filters} />
      <TimeSelect filters={filters} />
      <FilterText
        filters={filters}
        name="id"
        aria-label="Delivery ID"
        placeholder="Delivery ID"
        maxLength={36}
        spellCheck={false}
        autoComplete="off"
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
