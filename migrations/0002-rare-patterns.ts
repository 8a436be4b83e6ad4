import { Migration } from '@mikro-orm/migrations'

/**
 * Where one pattern has most of the subscriptions, its average says that every event matches thousands, and a plan made
 * from that reads all of them for each. An event of any type is looked up as if its pattern were rare. It counts from the
 * next ANALYZE on, which is left to PostgreSQL: an empty table that was analysed is planned as one that stays empty.
 */
export class RarePatterns extends Migration {
  override up(): void {
    this.addSql('alter table webhook_subscription alter column pattern set (n_distinct = -1)')
  }
}
