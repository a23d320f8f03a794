/** Name and version of this SDK as the server shows them; a test keeps them equal to package.json. */
export const SDK = { name: '@piculus/client', version: '0.1.0' } as const;
