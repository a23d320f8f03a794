export const problem = {
  title: '',
} as const;
