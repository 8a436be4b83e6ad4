import { MantineProvider } from '@mantine/core'
import { QueryClientProvider } from '@tanstack/react-query'
import { useState } from 'react'
import { BrowserRouter } from 'react-router'
import { makeQueryClient } from './api/query-client.ts'
import { styleNonce } from './nonce.ts'
import { SessionGate } from './session/session-gate.tsx'
import { Views } from './shell/views.tsx'
import { cssVariablesResolver, theme } from './theme.ts'
import './styles/mantine.ts'
import './styles/page.css'

export function App() {
  const [queryClient] = useState(makeQueryClient)
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariablesResolver}
      defaultColorScheme="auto"
      getStyleNonce={styleNonce}
    >
      <QueryClientProvider client={queryClient}>
        {/* A control that lives in the address must show its new value at once, so addresses change without transition. */}
        <BrowserRouter basename="/settings/webhooks" useTransitions={false}>
          <SessionGate>
            <Views />
          </SessionGate>
        </BrowserRouter>
      </QueryClientProvider>
    </MantineProvider>
  )
}
