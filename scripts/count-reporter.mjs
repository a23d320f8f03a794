/** A vitest reporter that writes how many tests passed, failed and were skipped to COUNT_FILE, and prints nothing. */
import { writeFileSync } from 'node:fs';

export default class CountReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      let failedTests = 0;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') counts.passed++;
        else if (state === 'failed') failedTests++;
        else counts.skipped++;
      }
      // A file that could not even be loaded has no failed test, and fails all the same.
      counts.failed += failedTests === 0 && module.state() === 'failed' ? 1 : failedTests;
    }
    writeFileSync(process.env.COUNT_FILE, JSON.stringify(counts));
  }
}
