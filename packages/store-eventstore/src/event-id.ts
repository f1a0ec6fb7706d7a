/** The server's ids of events are UUIDs; ours are any text. */
import { createHash } from 'node:crypto';

/** Written as the server writes them, so that they come back as they are. */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Which the server refuses. */
const NIL = '00000000-0000-0000-0000-000000000000';
/** The namespace of what is derived. For ever: with another, a repeated append would not be recognised. */
const NAMESPACE = Buffer.from('b7d1a5a0c6f04e0f9a3f1e2d7c4b5a69', 'hex');

export const isServerId = (id: string): boolean => UUID.test(id) && id !== NIL;

/** The id itself if the server can keep it, else a UUID (version 5) that is always the same for it. */
export const serverIdOf = (id: string): string => (isServerId(id) ? id : derived(id));

const derived = (id: string): string => {
  const bytes = createHash('sha1').update(NAMESPACE).update(id, 'utf8').digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
};
