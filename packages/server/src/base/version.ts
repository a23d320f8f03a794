/** The version of this build, as the health route and the log tell it. */
export const VERSION = '0.1.0';
