import { NativeSelect, useMantineColorScheme, type MantineColorScheme } from '@mantine/core'

const CHOICES = [
  { value: 'auto', label: 'System' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
]

function isScheme(value: string): value is MantineColorScheme {
  return CHOICES.some((choice) => choice.value === value)
}

export function ThemeSwitch() {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  return (
    <NativeSelect
      aria-label="Theme"
      size="xs"
      data={CHOICES}
      value={colorScheme}
      onChange={({ currentTarget: { value } }) => {
        if (isScheme(value)) setColorScheme(value)
      }}
    />
  )
}
