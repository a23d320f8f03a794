export const users = {
  title: '',
} as const;
