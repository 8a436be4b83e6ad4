import { useSearchParams } from 'react-router'

export interface Filters {
  value: (name: string) => string
  isFiltered: boolean
  set: (name: string, value: string) => void
  setAll: (values: Readonly<Record<string, string>>) => void
  clear: () => void
}

/** Reads and writes a view's filters in the address. Any change of a filter starts again at the first page. */
export function useFilters(names: readonly string[]): Filters {
  const [parameters, setParameters] = useSearchParams()
  const value = (name: string) => parameters.get(name) ?? ''
  const setAll = (values: Readonly<Record<string, string>>) => {
    setParameters(
      (before) => {
        const after = new URLSearchParams(before)
        after.delete('cursor')
        for (const [name, text] of Object.entries(values)) {
          if (text === '') after.delete(name)
          else after.set(name, text)
        }
        return after
      },
      { replace: true },
    )
  }
  return {
    value,
    isFiltered: names.some((name) => value(name) !== ''),
    set: (name, text) => {
      setAll({ [name]: text })
    },
    setAll,
    clear: () => {
      setAll(Object.fromEntries(names.map((name) => [name, ''])))
    },
  }
}
