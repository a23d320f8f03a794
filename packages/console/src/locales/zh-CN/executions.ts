export const executions = {
  title: '',
} as const;
