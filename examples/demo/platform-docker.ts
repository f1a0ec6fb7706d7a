import { openLocalPlatform } from './platform-local.ts';
export const openDockerPlatform = openLocalPlatform;
