/** Append, in both ways of the protocol: a call each, and one call for all. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import status from '@eventstore/db-client/generated/status_pb.js';
import type { AppendReq, AppendResp, BatchAppendReq } from '@eventstore/db-client/generated/streams_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import {
  status as codes,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServiceError,
  type sendUnaryData,
} from '@grpc/grpc-js';
import type { Decision, Expected, Proposed } from './log.ts';
import type { Site } from './server-double.ts';
import { empty, expectedIn, failed, identifierOf, nameOf, proposedOf } from './wire.ts';

export const MAX_APPEND_BYTES = 1024 * 1024;

export const unaryAppend =
  (site: Site) =>
  async (call: ServerReadableStream<AppendReq, AppendResp>, callback: sendUnaryData<AppendResp>): Promise<void> => {
    try {
      const { stream, expected, events } = await requestIn(call);
      const response = await site.serve('append', async () => {
        const decision = await decide(site, stream, expected, events);
        return responseTo(site, decision, stream, expected);
      });
      if (response !== null) callback(null, response);
    } catch (cause) {
      callback(errorFrom(cause));
    }
  };

type Request = Readonly<{ stream: string; expected: Expected; events: readonly Proposed[] }>;

const requestIn = async (call: ServerReadableStream<AppendReq, AppendResp>): Promise<Request> => {
  let stream = '';
  let expected: Expected = 'any';
  const events: Proposed[] = [];
  let bytes = 0;
  for await (const message of call) {
    if (!(message instanceof streams.AppendReq)) throw new Error('not an AppendReq');
    const options = message.getOptions();
    if (options !== undefined) {
      stream = nameOf(options.getStreamIdentifier());
      expected = expectedIn(options, options.getRevision());
    }
    const proposed = message.getProposedMessage();
    if (proposed === undefined) continue;
    const event = proposedOf(proposed);
    bytes += event.data.length + event.metadata.length;
    if (bytes > MAX_APPEND_BYTES) throw tooLarge();
    events.push(event);
  }
  return { stream, expected, events };
};

const tooLarge = () =>
  failed(
    codes.INVALID_ARGUMENT,
    'maximum-append-size-exceeded',
    `Maximum Append Size of ${MAX_APPEND_BYTES} Exceeded.`,
    {
      'maximum-append-size': String(MAX_APPEND_BYTES),
    },
  );

/**
 * What is written is told, and is to be read, once it is replicated. A repetition before that is dropped, and the
 * server says after its own time that the commit timed out: CommitDecision.IdempotentNotReady.
 */
const decide = async (
  site: Site,
  stream: string,
  expected: Expected,
  events: readonly Proposed[],
): Promise<Decision> => {
  const decision = site.log.append(stream, expected, events);
  if (decision.decision === 'appended') {
    if (site.replicationMs > 0) await sleep(site.replicationMs);
    site.replicated(decision.last.position);
  }
  if (decision.decision === 'repeated' && !site.isReplicated(decision.last.position)) {
    await sleep(site.replicationMs * 2);
    throw failed(codes.ABORTED, '', 'Operation timed out');
  }
  return decision;
};

const responseTo = (site: Site, decision: Decision, stream: string, expected: Expected): AppendResp => {
  if (decision.decision === 'deleted') {
    throw failed(codes.FAILED_PRECONDITION, 'stream-deleted', `Event stream '${stream}' is deleted.`, {
      'stream-name': stream,
    });
  }
  if (decision.decision === 'refused') return refusal(site, decision.current, stream, expected);
  const success = new streams.AppendResp.Success();
  success.setCurrentRevision(String(decision.last.revision));
  if (decision.decision === 'repeated') success.setNoPosition(empty());
  else {
    const position = new streams.AppendResp.Position();
    position.setCommitPosition(String(decision.last.position));
    position.setPreparePosition(String(decision.last.position));
    success.setPosition(position);
  }
  const response = new streams.AppendResp();
  response.setSuccess(success);
  return response;
};

/** Servers tell it in a message, or (as others, and of old) by failing. */
const refusal = ({ refusals }: Site, current: number | null, stream: string, expected: Expected): AppendResp => {
  if (refusals === 'failure') {
    throw failed(codes.FAILED_PRECONDITION, 'wrong-expected-version', 'Append failed due to WrongExpectedVersion.', {
      'stream-name': stream,
      'expected-version': String(
        expected === 'no-stream' ? -1 : expected === 'any' ? -2 : expected === 'stream-exists' ? -4 : expected,
      ),
      'actual-version': String(current ?? -1),
    });
  }
  const wrong = new streams.AppendResp.WrongExpectedVersion();
  if (current === null) wrong.setCurrentNoStream(empty());
  else wrong.setCurrentRevision(String(current));
  if (expected === 'no-stream') wrong.setExpectedNoStream(empty());
  else if (expected === 'any') wrong.setExpectedAny(empty());
  else if (expected === 'stream-exists') wrong.setExpectedStreamExists(empty());
  else wrong.setExpectedRevision(String(expected));
  const response = new streams.AppendResp();
  response.setWrongExpectedVersion(wrong);
  return response;
};

type Batch = { stream: string; expected: Expected; events: Proposed[] };
type BatchCall = ServerDuplexStream<BatchAppendReq, streams.BatchAppendResp>;

export const batchAppend =
  (site: Site) =>
  async (call: BatchCall): Promise<void> => {
    const batches = new Map<string, Batch>();
    call.on('error', () => {});
    for await (const message of call) {
      if (!(message instanceof streams.BatchAppendReq)) throw new Error('not a BatchAppendReq');
      const id = message.getCorrelationId()?.getString() ?? '';
      const options = message.getOptions();
      const batch = batches.get(id) ?? { stream: '', expected: 'any', events: [] };
      batches.set(id, batch);
      if (options !== undefined) {
        batch.stream = nameOf(options.getStreamIdentifier());
        batch.expected = expectedIn(options, options.getStreamPosition());
      }
      batch.events.push(...message.getProposedMessagesList().map(proposedOf));
      if (message.getIsFinal()) void answer(site, call, id, batch);
    }
    call.end();
  };

const answer = async (site: Site, call: BatchCall, id: string, { stream, expected, events }: Batch): Promise<void> => {
  const response = new streams.BatchAppendResp();
  const correlation = new shared.UUID();
  correlation.setString(id);
  response.setCorrelationId(correlation);
  response.setStreamIdentifier(identifierOf(stream));
  const served = await site.serve('append', async () => {
    const decision = await decide(site, stream, expected, events);
    if (decision.decision === 'refused') response.setError(batchRefusal(decision.current));
    else if (decision.decision === 'deleted') throw new Error('not asked for');
    else response.setSuccess(batchSuccess(decision.last.revision));
    return response;
  });
  if (served !== null && !call.write(served)) await once(call, 'drain');
};

const batchSuccess = (revision: number) => {
  const success = new streams.BatchAppendResp.Success();
  success.setCurrentRevision(String(revision));
  success.setNoPosition(empty());
  return success;
};

const batchRefusal = (current: number | null) => {
  const wrong = new shared.WrongExpectedVersion();
  if (current === null) wrong.setCurrentNoStream(empty());
  else wrong.setCurrentStreamRevision(String(current));
  const type = Buffer.from('type.googleapis.com/event_store.client.WrongExpectedVersion');
  const details = Buffer.concat([field(1, type), field(2, wrong.serializeBinary())]);
  return status.Status.deserializeBinary(field(3, details));
};

/** A short field as its bytes are: the class of an Any is in a package of the client's own. */
const field = (number: number, bytes: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);

export const errorFrom = (cause: unknown): ServiceError | Error =>
  cause instanceof Error ? cause : new Error(String(cause));
