export const handling = {
  title: '',
} as const;
