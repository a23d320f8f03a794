export const bulkRuns = {
  title: '',
} as const;
