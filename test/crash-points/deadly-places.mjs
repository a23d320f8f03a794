import { writeFileSync } from 'node:fs';

/** @returns steps that end this process at the first place it comes to of those in the last message `{ arm }`. */
export function deadlyPlaces() {
  let armed = new Set();
  process.on('message', ({ arm }) => {
    if (arm !== undefined) armed = new Set(arm);
  });
  return {
    at(name) {
      if (!armed.has(name)) return undefined;
      // A message to the parent might be on its way still.
      writeFileSync(process.env.DIED_AT_FILE, name);
      process.kill(process.pid, 'SIGKILL');
      // Nothing goes on behind it, also not in the moment until the signal is there.
      return new Promise(() => {});
    },
  };
}

/** Says that all code is read; resolves when the process may begin. It does not outlive whoever started it. */
export function begin() {
  process.on('disconnect', () => process.exit(1));
  const told = new Promise((resolve) => {
    process.on('message', ({ begin }) => {
      if (begin) resolve();
    });
  });
  process.send({ loaded: true });
  return told;
}
