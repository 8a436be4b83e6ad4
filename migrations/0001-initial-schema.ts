import { Migration } from '@mikro-orm/migrations'

import { deliveryTables, partitionUpkeep } from './0001/delivery-tables.ts'
import { tenantTables } from './0001/tenant-tables.ts'

/** Everything from the first day. Partitions themselves are made by `ensure_partitions`, at migration and every hour. */
export class InitialSchema extends Migration {
  override up(): void {
    for (const statement of [...tenantTables, ...deliveryTables, ...partitionUpkeep]) this.addSql(statement)
  }
}
