/**
 * A worker in a process of its own, to be killed: `worker.ts <directory> build|start <key> <project>`. Prints `ready`,
 * then does what it was told, then prints what came of it and stays.
 */
import { type BuildInputs, StepKey } from '@recourse/core';
import { localEngine } from '@recourse/local';
import { startOrder } from './orders.ts';
import { localProjects, orderOf } from './projects.ts';

const [directory = '', what, key = '', name = ''] = process.argv.slice(2);
const { builder, runtime } = localEngine({ directory });
const project = name === 'endless' ? localProjects.endless : localProjects.app(name);
const never = new AbortController().signal;

const build = (inputs: BuildInputs) =>
  builder.build(
    { ...orderOf(inputs), key: StepKey.parse(key) },
    async () => ({ _tag: 'Right', right: project.tree() }),
    {
      onProgress: ({ text }) => console.log(text),
      signal: never,
    },
  )();

const start = async () => {
  const built = await builder.build(
    { ...orderOf(project.inputs), key: StepKey.parse(`${key}.image`) },
    async () => {
      throw new Error('it was to be built before');
    },
    { onProgress: () => {}, signal: never },
  )();
  if (built._tag === 'Left') return built;
  console.log('ready');
  return runtime.start(startOrder(StepKey.parse(key), built.right.image, project.inputs), never)();
};

if (what === 'build') console.log('ready');
console.log(JSON.stringify(what === 'build' ? await build(project.inputs) : await start()));
setInterval(() => {}, 1_000_000);
