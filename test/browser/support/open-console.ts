/** What most browser tests begin with: the world and a browser on it. */
import { openSite, type Site } from './site.ts';
import { startWorld, type World, type WorldOptions } from './world.ts';

export interface Console extends Site {
  readonly world: World;
}

/**
 * Starts the built server with a real client and a browser. In a test file:
 * `beforeAll` opens it, `afterEach(() => site.closePages())` fails the test on what went wrong in a page,
 * `afterAll(() => site.close())` ends everything.
 */
export async function openConsole(options: WorldOptions = {}): Promise<Console> {
  const world = await startWorld(options);
  try {
    const site = await openSite(world.address, world.operator);
    return {
      ...site,
      world,
      close: async () => {
        await site.close();
        await world.stop();
      },
    };
  } catch (error) {
    await world.stop();
    throw error;
  }
}
