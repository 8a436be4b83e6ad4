import { Title } from '@mantine/core'

export function SectionTitle({ children }: { children: string }) {
  return (
    <Title order={2} className="pr-section-title">
      {children}
    </Title>
  )
}
