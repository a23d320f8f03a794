/** Saved views: whose they are and who sees them, on both databases. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TEST_ENGINES } from '../../../../test/support/database.ts';
import { createViews } from '../../src/views/index.ts';
import { openWorld, type World } from '../executions/world.ts';
import { person } from '../../../../test/support/callers.ts';

describe.each(TEST_ENGINES)('saved views on %s', (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(() => world.close());
  const views = () => createViews(world.context);
  const view = (name: string, change: { query?: string; shared?: boolean } = {}) => ({
    page: 'problems' as const,
    name,
    query: 'state=pending',
    shared: false,
    ...change,
  });
  const namesFor = async (actor: string) => (await views().list({}, person(actor))).map(({ name }) => name);

  it('are listed by name: the own ones and the shared ones', async () => {
    await views().create(view('b own'), person('operator'));
    await views().create(view('a own'), person('operator'));
    await views().create({ ...view('of the team', { shared: true }), page: 'messages' }, person('manager'));
    await views().create(view('of the manager'), person('manager'));
    expect(await namesFor('operator')).toEqual(['a own', 'b own', 'of the team']);
    expect(await namesFor('manager')).toEqual(['of the manager', 'of the team']);
    expect(await views().list({ page: 'messages' }, person('operator'))).toEqual([
      {
        id: expect.any(String),
        page: 'messages',
        name: 'of the team',
        query: 'state=pending',
        createdBy: 'manager',
        shared: true,
      },
    ]);
  });

  it('take the place of the same person’s view of the same name, and of nobody else’s', async () => {
    const first = await views().create(view('mine'), person('replacer'));
    const again = await views().create(
      view('mine', { query: 'state=fixed', shared: true }),
      person('replacer'),
    );
    expect(again).toEqual({ ...first, query: 'state=fixed', shared: true });
    const other = await views().create(view('mine'), person('other'));
    expect(other.id).not.toBe(first.id);
    await views().remove(again.id, person('replacer'));
  });

  it('are deleted by their maker only, and are not found for anybody else', async () => {
    const { id } = await views().create(view('shared', { shared: true }), person('maker'));
    await expect(views().remove(id, person('somebody'))).rejects.toMatchObject({ code: 'not-found' });
    expect(await namesFor('somebody')).toContain('shared');
    await views().remove(id, person('maker'));
    await expect(views().remove(id, person('maker'))).rejects.toMatchObject({ code: 'not-found' });
    expect(await namesFor('somebody')).not.toContain('shared');
  });

  it('are as many as a person can find again', async () => {
    for (let count = 0; count < 500; count += 1)
      await views().create(view(`view ${count}`), person('collector'));
    await expect(views().create(view('one more'), person('collector'))).rejects.toMatchObject({
      code: 'invalid-field',
      fields: [{ field: 'name' }],
    });
    await views().create(view('view 7', { query: 'state=fixed' }), person('collector'));
    expect(await namesFor('collector')).not.toContain('one more');
  });
});
