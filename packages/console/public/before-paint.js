// Runs before the first paint, so that a dark console never flashes white. Kept apart from the page because the
// content security policy allows no script inside it.
(() => {
  let scheme = 'auto';
  try {
    scheme = localStorage.getItem('piculus-theme') ?? 'auto';
  } catch {
    // Storage is off: the system's choice counts.
  }
  const dark =
    scheme === 'dark' || (scheme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light');
})();
// Checks that are compiled at run time are what the page's policy forbids, and the mere attempt is reported as a
// violation. The library reads this when its first schema is made, which no module of ours could come before.
globalThis.__zod_globalConfig = { jitless: true };
