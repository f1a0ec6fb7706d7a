/** Read: of a stream or of `$all`, in both directions, and the subscription to `$all`. */
import { once } from 'node:events';
import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import { type ServerWritableStream, status } from '@grpc/grpc-js';
import type { LogRecord } from './log.ts';
import type { Site } from './server-double.ts';
import {
  caughtUpResponse,
  checkpointResponse,
  confirmationResponse,
  eventResponse,
  failed,
  nameOf,
  notFoundResponse,
} from './wire.ts';

type Call = ServerWritableStream<ReadReq, ReadResp>;
type Matches = (record: LogRecord) => boolean;

/** How many events the server looks at in one go. */
const WINDOW = 32;

export const read =
  (site: Site) =>
  async (call: Call): Promise<void> => {
    const options = call.request.getOptions();
    const stream = options?.getStream();
    const all = options?.getAll();
    call.on('error', () => {});
    try {
      const served = await site.serve(options?.hasSubscription() ? 'subscribe' : 'read', async () => {
        if (options === undefined) throw new Error('a read has options');
        const count = Number(options.getCount());
        const backwards = options.getReadDirection() === 1;
        if (stream !== undefined) await readStream(site, call, stream, { count, backwards });
        else if (all !== undefined && options.hasSubscription()) await subscribe(site, call, options, all);
        else if (all !== undefined) await readAll(site, call, options, all, { count, backwards });
        return true;
      });
      if (served !== null) call.end();
    } catch (cause) {
      call.emit('error', cause);
    }
  };

const send = async (call: Call, response: ReadResp): Promise<void> => {
  if (call.cancelled || call.destroyed) return;
  if (!call.write(response)) await Promise.race([once(call, 'drain'), once(call, 'cancelled')]);
};

type Window = Readonly<{ count: number; backwards: boolean }>;

const readStream = async (
  site: Site,
  call: Call,
  options: ReadReq.Options.StreamOptions,
  { count, backwards }: Window,
) => {
  const name = nameOf(options.getStreamIdentifier());
  if (site.log.isTombstoned(name)) {
    throw failed(status.FAILED_PRECONDITION, 'stream-deleted', `Event stream '${name}' is deleted.`, {
      'stream-name': name,
    });
  }
  const records = site.log.stream(name)?.filter(({ position }) => site.isReplicated(position)) ?? [];
  if (records.length === 0) return send(call, notFoundResponse(name));
  const from = options.hasRevision() ? Number(options.getRevision()) : options.hasEnd() ? Infinity : 0;
  const there = backwards
    ? records.filter(({ revision }) => revision <= from).reverse()
    : records.filter(({ revision }) => revision >= from);
  for (const record of there.slice(0, count)) await send(call, eventResponse(record));
};

/** Forwards from the event at the position, which is among them; backwards from the one before it. */
const readAll = async (
  site: Site,
  call: Call,
  options: ReadReq.Options,
  all: ReadReq.Options.AllOptions,
  { count, backwards }: Window,
) => {
  const matches = filterIn(options);
  const position = positionIn(all);
  const records = site.log.records.filter((record) => site.isReplicated(record.position) && matches(record));
  const there = backwards
    ? records.filter((record) => position === 'end' || record.position < position).reverse()
    : records.filter((record) => position !== 'end' && record.position >= position);
  for (const record of there.slice(0, count)) await send(call, eventResponse(record));
};

/** Behind the first event at the position or after it, as Enumerator.AllSubscriptionFiltered begins. */
const subscribe = async (site: Site, call: Call, options: ReadReq.Options, all: ReadReq.Options.AllOptions) => {
  const matches = filterIn(options);
  const interval = (options.getFilter()?.getCheckpointintervalmultiplier() ?? 1) * WINDOW;
  const position = positionIn(all);
  let seen = -1n;
  if (position === 'end') seen = site.log.records.at(-1)?.position ?? -1n;
  else if (all.hasPosition()) {
    seen = site.log.after(position - 1n, 1)[0]?.position ?? position;
  }

  site.subscribed(all.hasPosition() && position !== 'end' ? position : null);
  await send(call, confirmationResponse('subscription'));
  let considered = 0;
  let caughtUp = false;
  while (!call.cancelled && !call.destroyed) {
    const window = site.log.after(seen, caughtUp ? 1 : WINDOW).filter(({ position }) => site.isReplicated(position));
    if (window.length === 0) {
      if (!caughtUp) await send(call, caughtUpResponse());
      caughtUp = true;
      await site.somethingNew();
      continue;
    }
    for (const record of window.filter(matches)) {
      site.sent();
      await send(call, eventResponse(record));
    }
    seen = window.at(-1)?.position ?? seen;
    considered += window.length;
    if (considered >= interval) {
      considered %= interval;
      await send(call, checkpointResponse(seen));
    }
  }
};

const positionIn = (all: ReadReq.Options.AllOptions): bigint | 'end' =>
  all.hasEnd() ? 'end' : BigInt(all.getPosition()?.getCommitPosition() ?? 0);

const filterIn = (options: ReadReq.Options): Matches => {
  const onStream = options.getFilter()?.getStreamIdentifier();
  const onType = options.getFilter()?.getEventType();
  const expression = onStream ?? onType;
  if (expression === undefined) return () => true;
  const of = (record: LogRecord) => (onStream === undefined ? record.type : record.stream);
  const regex = expression.getRegex() === '' ? null : new RegExp(expression.getRegex());
  const prefixes = expression.getPrefixList();
  return (record) => regex?.test(of(record)) ?? prefixes.some((prefix) => of(record).startsWith(prefix));
};
