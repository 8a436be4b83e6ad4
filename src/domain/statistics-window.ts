/** How far back statistics can be asked for. */
export const STATISTICS_WINDOWS = ['24h', '7d', '30d'] as const
export type StatisticsWindow = (typeof STATISTICS_WINDOWS)[number]
