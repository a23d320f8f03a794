export const clients = {
  title: '',
} as const;
