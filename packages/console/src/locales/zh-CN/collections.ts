export const collections = {
  title: '',
} as const;
