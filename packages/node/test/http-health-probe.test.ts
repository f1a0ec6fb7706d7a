import { httpHealthProbe } from '@recourse/node';
import { healthProbeConformance } from '@recourse/testing';

healthProbeConformance('httpHealthProbe', async () => ({ probe: httpHealthProbe(), close: async () => {} }));
