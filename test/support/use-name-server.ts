// Preloaded (`node --import`) into a program under test: every resolver it makes asks the name server in NAME_SERVER.
import dns from 'node:dns/promises'
import { syncBuiltinESMExports } from 'node:module'

const server = process.env['NAME_SERVER'] ?? ''

dns.Resolver = class extends dns.Resolver {
  constructor(...options: ConstructorParameters<typeof dns.Resolver>) {
    super(...options)
    this.setServers([server])
  }
}
syncBuiltinESMExports()
