import { EventTypeSelect } from '../parts/event-type-select.tsx'
import { FilterSelect, FilterText } from '../parts/filter-fields.tsx'
import type { Filters } from '../parts/search-state.ts'

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
      <FilterText
        filters={filters}
        name="q"
        type="search"
        aria-label="Search webhooks"
        placeholder="Search URL or description"
        className="pr-grow pr-search"
        maxLength={SEARCH_CHARACTERS_MAX}
      />
      <FilterSelect filters={filters} name="status" label="Status" choices={STATUSES} />
      <EventTypeSelect filters={filters} />
    </search>
  )
}
