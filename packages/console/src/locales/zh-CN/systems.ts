export const systems = {
  title: '',
} as const;
