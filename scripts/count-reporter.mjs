/** A vitest reporter that writes how many tests passed, failed and were skipped, and what was wrong, to COUNT_FILE, and prints nothing. */
import { writeFileSync } from 'node:fs';

const MOST_WRONG = 20;
const LONGEST = 1_500;

export default class CountReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    const wrong = unhandledErrors.map((error) => inWords('outside of any test', [error]));
    for (const module of modules) {
      let failedTests = 0;
      for (const test of module.children.allTests()) {
        const { state, errors } = test.result();
        if (state === 'passed') counts.passed++;
        else if (state === 'failed') {
          failedTests++;
          wrong.push(inWords(`${module.relativeModuleId} > ${test.fullName}`, errors));
        } else counts.skipped++;
      }
      // A file that could not even be loaded has no failed test, and fails all the same.
      const fileAlone = failedTests === 0 && module.state() === 'failed';
      if (fileAlone) wrong.push(inWords(module.relativeModuleId, module.errors()));
      counts.failed += fileAlone ? 1 : failedTests;
    }
    writeFileSync(process.env.COUNT_FILE, JSON.stringify({ ...counts, wrong: wrong.slice(0, MOST_WRONG) }));
  }
}

function inWords(where, errors) {
  const said = (errors ?? []).map(({ message, stack }) => stack ?? message ?? 'no reason given');
  return `${where}\n${said.join('\n')}`.slice(0, LONGEST);
}
