/** Stopping repair by one button, seen by everybody at once, and setting limits. */
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { axe } from './support/axe.ts';
import { type Console, openConsole } from './support/open-console.ts';
import { confirm, mark } from './support/steps.ts';
import { money, sayIn } from './support/texts.ts';

let site: Console;
beforeAll(async () => {
  site = await openConsole({ orders: 50, anomalies: 1 });
});
afterEach(() => site.closePages());
afterAll(() => site.close());

const banner = (page: Page): Locator => page.locator('.halt-banner');

describe.each(['zh-CN', 'en'] as const)('in %s', (language) => {
  const say = sayIn(language);
  const everywhere = say('limits.everywhere');
  /** Opens the dialog of the switch. */
  const openSwitch = async (page: Page): Promise<Locator> => {
    await page
      .getByRole('banner')
      .getByRole('button', { name: say('limits.stopHint'), exact: true })
      .click();
    return page.getByRole('dialog', { name: say('limits.stopTitle') });
  };

  it('stops everything by one button, tells every page, and goes on by a reason', async () => {
    const { page } = await site.open('/limits', { language });
    const { page: other } = await site.open('/problems', { language });
    const isSame = await mark(other);
    await banner(other).waitFor({ state: 'detached' });

    const dialog = await openSwitch(page);
    const act = say('limits.stopAct', { place: everywhere });
    await dialog.getByRole('button', { name: act, exact: true }).click();
    // Nothing happens without a reason.
    await dialog.getByText(say('common.reasonNeeded'), { exact: true }).waitFor();
    const reason = `the bank answers strangely (${language})`;
    await confirm(page, say, { act, reason });
    const [halt] = (await site.world.api.listHalts({ query: { open: true } })).items;
    expect(halt).toMatchObject({ kind: 'switch', sysCode: null, includeManual: false, reason });

    for (const each of [page, other]) {
      await banner(each).getByText(reason).waitFor();
      await banner(each)
        .getByText(`${say('limits.banner')}: ${everywhere}`)
        .waitFor();
      expect(await axe(each)).toEqual([]);
    }
    await banner(other)
      .getByRole('button', { name: say('limits.goOnNamed', { place: everywhere }), exact: true })
      .click();
    await confirm(other, say, {
      act: say('limits.resumeAct', { place: everywhere }),
      reason: 'it answers as usual again',
    });
    await banner(page).waitFor({ state: 'detached' });
    await banner(other).waitFor({ state: 'detached' });
    expect(await isSame()).toBe(true);
    expect((await site.world.api.listHalts({ query: { open: true } })).items).toEqual([]);

    const { page: limits } = await site.open('/limits', { language });
    const history = limits.getByRole('table', { name: say('limits.historyCaption'), exact: true });
    const row = history.getByRole('row').filter({ hasText: reason });
    await row.getByText(/it answers as usual again/).waitFor();
  });

  it('stops one solution with its clicks, where the button says so', async () => {
    const { page } = await site.open('/', { language });
    const dialog = await openSwitch(page);
    await dialog.getByLabel(say('limits.stopWhere')).selectOption('PBAP');
    const fixCode = 'rechargeFailedFixServiceImpl';
    await dialog.getByLabel(say('limits.stopSolution')).selectOption(fixCode);
    await dialog.getByRole('checkbox', { name: say('limits.stopClicks') }).check();
    const place = `PBAP · ${fixCode}`;
    await confirm(page, say, { act: say('limits.stopAct', { place }), reason: 'its fix was built wrong' });
    await banner(page)
      .getByText(`${say('limits.bannerClicks')}: ${place}`)
      .waitFor();
    const [halt] = (await site.world.api.listHalts({ query: { open: true } })).items;
    expect(halt).toMatchObject({ sysCode: 'PBAP', fixCode, includeManual: true });
    await site.world.api.resume({ params: { id: halt?.id ?? '' }, body: { reason: 'built anew' } });
    await banner(page).waitFor({ state: 'detached' });
  });

  it('sets limits by a form that says what is wrong where', async () => {
    const { page } = await site.open('/limits', { language });
    const fixCode = { 'zh-CN': 'withdrawFailedFixServiceImpl', en: 'rechargeFailedFixServiceImpl' }[language];
    const place = `PBAP · ${fixCode}`;
    await page.getByRole('button', { name: say('limits.editNamed', { place }), exact: true }).click();
    const dialog = page.getByRole('dialog');
    const perHour = dialog.getByRole('textbox', { name: say('limits.field.executionsPerHour') });
    await perHour.fill('0');
    await dialog.getByRole('button', { name: say('limits.field.addAmount'), exact: true }).click();
    await dialog.getByRole('textbox', { name: `${say('limits.field.currency')} 1`, exact: true }).fill('cny');
    const amount = dialog.getByRole('textbox', { name: `${say('limits.field.amount')} 1`, exact: true });
    await amount.fill('1.234');
    await dialog.getByRole('checkbox', { name: say('limits.field.breaker') }).check();
    const save = dialog.getByRole('button', { name: say('limits.saveAs', { place }), exact: true });
    await save.click();
    await dialog.getByText(say('limits.bad.whole', { min: 1, max: 1_000_000 }), { exact: true }).waitFor();
    await dialog.getByText(say('limits.bad.amount'), { exact: true }).waitFor();
    await dialog.getByText(say('common.reasonNeeded'), { exact: true }).waitFor();
    expect(await axe(page)).toEqual([]);

    await perHour.fill('20');
    await amount.fill('50000');
    await dialog.getByLabel(say('common.reason')).fill('the first night');
    await save.click();
    await page.getByText(say('limits.saved', { place }), { exact: true }).waitFor();
    const row = page.getByRole('row').filter({ hasText: fixCode });
    await row.getByText(say('limits.usage', { used: 0, limit: 20 }), { exact: true }).waitFor();
    await row.getByText(new RegExp(money('5000000', 'CNY'))).waitFor();
    const { items } = await site.world.api.listLimits();
    const stored = items.find((each) => each.fixCode === fixCode);
    expect(stored).toMatchObject({
      version: 1,
      settings: {
        executionsPerHour: 20,
        amountsPerHour: [{ currency: 'CNY', amountMinor: '5000000' }],
        breaker: { reportTimes: 5, failurePercent: 50 },
      },
    });
  });

  it('keeps what was typed where somebody else was first', async () => {
    const { page } = await site.open('/limits', { language });
    const fixCode = { 'zh-CN': 'interWithdrawFixServiceImpl', en: 'interRechargeFixServiceImpl' }[language];
    const place = `PBAP · ${fixCode}`;
    await page.getByRole('button', { name: say('limits.editNamed', { place }), exact: true }).click();
    const dialog = page.getByRole('dialog');
    const perHour = dialog.getByRole('textbox', { name: say('limits.field.executionsPerHour') });
    await perHour.fill('7');
    const settings = { executionsPerHour: 3, amountsPerHour: [], breaker: null, canary: 0 };
    const { changedBy } = await site.world.api.setLimits({
      body: { sysCode: 'PBAP', fixCode, version: 0, settings, reason: 'first' },
    });
    await dialog.getByText(say('limits.changedMeanwhile', { name: changedBy ?? '', version: 1 })).waitFor();
    expect(await perHour.inputValue()).toBe('7');
    await dialog.getByRole('button', { name: say('limits.keepMine'), exact: true }).click();
    await dialog.getByLabel(say('common.reason')).fill('mine is right');
    await dialog.getByRole('button', { name: say('limits.saveAs', { place }), exact: true }).click();
    await page.getByText(say('limits.saved', { place }), { exact: true }).waitFor();
    const stored = (await site.world.api.listLimits()).items.find((each) => each.fixCode === fixCode);
    expect(stored).toMatchObject({ version: 2, settings: { executionsPerHour: 7 } });
  });
});
