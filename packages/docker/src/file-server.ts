/**
 * The file server of the `static` preset: one static program that serves a folder. A runnable image carries it. An
 * image that is not runnable is files and nothing else; the Runtime puts the program into the container before the
 * start, so such an image cannot run anywhere by itself.
 */
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import { pack } from 'tar-stream';

/** Where a static busybox (or what understands `httpd -f -h <folder> -p <port>`) is on this host. */
export type FileServer = Readonly<{ binary: string }>;

export const defaultFileServer: FileServer = { binary: '/bin/busybox' };

// Busybox goes by the name that it is called.
const PROGRAM = 'recourse/busybox';
export const SITE = 'site';

/** How it is called; the port follows. */
export const serveCommand = [`/${PROGRAM}`, 'httpd', '-f', '-h', `/${SITE}`, '-p'] as const;
export const serveUser = '65534:65534';

/** The port that a runnable image serves on when nobody says otherwise. */
const PORT = 8080;

export const staticDockerfile = (runnable: boolean): string =>
  runnable
    ? `FROM scratch
COPY ${PROGRAM} /${PROGRAM}
COPY ${SITE} /${SITE}
USER ${serveUser}
EXPOSE ${PORT}
ENTRYPOINT ${JSON.stringify(serveCommand)}
CMD ["${PORT}"]
`
    : `FROM scratch
COPY ${SITE} /${SITE}
`;

/** The program as a file of a tar archive. Left: why it cannot be read, for a person. */
export const fileServerProgram =
  ({ binary }: FileServer): TaskEither<string, Readonly<{ name: string; mode: number; content: Buffer }>> =>
  async () => {
    try {
      const content = await readFile(binary);
      return E.right({ name: PROGRAM, mode: 0o755, content });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return E.left(`The file server of the static preset cannot be read (${why}). Install busybox-static.`);
    }
  };

export const archiveOf = (file: Readonly<{ name: string; mode: number; content: Buffer }>): Promise<Buffer> => {
  const archive = pack();
  archive.entry({ name: file.name, mode: file.mode }, file.content);
  archive.finalize();
  return buffer(archive);
};
