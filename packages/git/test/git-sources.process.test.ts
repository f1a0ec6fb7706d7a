import { join } from 'node:path';
import { gitSources } from '@recourse/git';
import { type SourcesUnderTest, sourcesConformance } from '@recourse/testing';
import { processesWith } from './held.ts';
import { type HttpRemoteOptions, serveHttp } from './http-remote.ts';
import { makeOrigin, temporaryFolder } from './origin.ts';

const overHttp = async (options: HttpRemoteOptions): Promise<SourcesUnderTest> => {
  const folder = await temporaryFolder();
  const origin = await makeOrigin(join(folder, 'origin', 'shop.git'));
  const remote = await serveHttp(origin, options);
  const cacheDirectory = join(folder, 'cache');
  return {
    ...origin,
    sources: gitSources({ cacheDirectory, allowedTransports: ['http'], credentials: () => options.login }),
    repository: remote.url,
    nowhere: remote.at('/nowhere.git'),
    disconnect: remote.close,
    held: async () => (await processesWith(`GIT_CEILING_DIRECTORIES=${folder}\0`)).length,
    close: remote.close,
  };
};

sourcesConformance('gitSources on a server that gives commits by id', () => overHttp({}));
sourcesConformance('gitSources on a server that gives only what refs lead to', () => overHttp({ protocol: 0 }));
