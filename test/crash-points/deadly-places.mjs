/** @returns steps that end this process at the place named by the last message `{ arm }`. */
export function deadlyPlaces() {
  let armed = null;
  process.on('message', ({ arm }) => {
    if (arm !== undefined) armed = arm;
  });
  return {
    at(name) {
      if (name !== armed) return undefined;
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
