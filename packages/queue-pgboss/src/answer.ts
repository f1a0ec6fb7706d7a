/** How long an answer is waited for. A server that stands still answers nobody, and pg waits for it for ever. */
const ANSWER_MS = 3000;

/** Rejects in time. What was asked for may still be done: twice is once. */
export const answerOf = async <A>(asked: Promise<A>): Promise<A> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ANSWER_MS} ms`)), ANSWER_MS);
  });
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
};
