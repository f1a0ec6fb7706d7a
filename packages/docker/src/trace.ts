/**
 * What BuildKit says while it builds: `moby.buildkit.v1.StatusResponse`, in Protocol Buffers. Only what is shown is
 * decoded. The client library's own decoder leaves the output of RUN steps in base64.
 */
import { Reader } from 'protobufjs/minimal.js';

export type BuildTrace = Readonly<{
  /** The steps: `[2/4] RUN npm ci`. `running` when it has begun and not ended. */
  steps: readonly Readonly<{ name: string; running: boolean; cached: boolean; error: string }>[];
  /** Output of the steps, cut anywhere. */
  output: readonly Readonly<{ step: string; stream: number; bytes: Uint8Array }>[];
}>;

/** As much of it as can be read: what is only shown must not make a build fail. */
export const decodeTrace = (base64: string): BuildTrace => {
  const reader = Reader.create(Buffer.from(base64, 'base64'));
  const steps: BuildTrace['steps'][number][] = [];
  const output: BuildTrace['output'][number][] = [];
  try {
    eachField(reader, reader.len, (field) => {
      if (field === 1) steps.push(stepOf(reader));
      else if (field === 3) output.push(outputOf(reader));
      else return false;
      return true;
    });
  } catch {
    // Of a newer form, or cut off.
  }
  return { steps, output };
};

const stepOf = (reader: Reader): BuildTrace['steps'][number] => {
  let [name, cached, begun, ended, error] = ['', false, false, false, ''];
  eachField(reader, endOf(reader), (field, wire) => {
    if (field === 3) name = reader.string();
    else if (field === 4) cached = reader.bool();
    else if (field === 7) error = reader.string();
    else {
      if (field === 5) begun = true;
      if (field === 6) ended = true;
      reader.skipType(wire);
    }
    return true;
  });
  return { name, running: begun && !ended, cached, error };
};

const outputOf = (reader: Reader): BuildTrace['output'][number] => {
  let [step, stream, bytes] = ['', 0, new Uint8Array()];
  eachField(reader, endOf(reader), (field) => {
    if (field === 1) step = reader.string();
    else if (field === 3) stream = Number(reader.int64());
    else if (field === 4) bytes = new Uint8Array(reader.bytes());
    else return false;
    return true;
  });
  return { step, stream, bytes };
};

const endOf = (reader: Reader): number => reader.uint32() + reader.pos;

/** Visits each field up to `end`; one that the visitor does not read (false) is skipped. */
const eachField = (reader: Reader, end: number, visit: (field: number, wire: number) => boolean): void => {
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (!visit(tag >>> 3, tag & 7)) reader.skipType(tag & 7);
  }
};
