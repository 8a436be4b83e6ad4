import { useQuery } from '@tanstack/react-query'
import { eventTypesQuery } from '../api/workspace.ts'
import { FilterSelect } from './filter-fields.tsx'
import type { Filters } from './search-state.ts'

export function EventTypeSelect({ filters }: { filters: Filters }) {
  const value = filters.value('eventType')
  const { data = [] } = useQuery(eventTypesQuery())
  const names = data.map(({ name }) => name)
  // What the address names stays chosen, also while the catalogue is on its way.
  const shown = value === '' || names.includes(value) ? names : [value, ...names]
  return (
    <FilterSelect
      filters={filters}
      name="eventType"
      label="Event type"
      choices={[
        { value: '', label: 'Any event type' },
        ...shown.map((name) => ({ value: name, label: name })),
      ]}
    />
  )
}
