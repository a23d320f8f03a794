export const problems = {
  title: '',
} as const;
