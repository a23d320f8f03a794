export const solutions = {
  title: '',
} as const;
