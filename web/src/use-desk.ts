// The desk in motion: what the labeler does goes to the API, and what the API says changes the desk.
import { useCallback, useEffect, useReducer, useRef, useState } from 'preact/hooks';
import { problemOf, type LabelingApi } from './api.js';
import { emptyDesk, nextDesk, type Desk, type DeskEvent } from './desk.js';
import { isComplete, nextOpen, questionsOf, submissionOf, type Question } from './questions.js';
import type { Criterion } from './task.js';

const heartbeatMs = 240_000;
/** With fewer on the desk than this, more are claimed. */
const wanted = 3;

export interface Work {
  desk: Desk;
  criterion: Criterion | undefined;
  questions: readonly Question[];
  /** All questions are answered and nothing is on its way. */
  ready: boolean;
  choose: (question: number, option: number) => void;
  send: () => Promise<void>;
  skip: (reason: string) => Promise<void>;
  claim: () => Promise<void>;
  dispatch: (event: DeskEvent) => void;
}

/** @param refused told when the key is no longer taken */
export function useDesk(api: LabelingApi, batchId: string, refused: () => void): Work {
  const [desk, dispatch] = useReducer(nextDesk, emptyDesk);
  const [criterion, setCriterion] = useState<Criterion>();
  const claiming = useRef(false);
  const task = desk.tasks[0];
  const questions = task && criterion ? questionsOf(task, criterion) : [];
  const ready = !desk.busy && isComplete(questions, desk.draft.answers);

  const fail = useCallback((error: unknown, lost: boolean) => {
    const problem = problemOf(error);
    if (problem?.status === 401) return refused();
    const why = problem?.detail ?? problem?.title ?? 'The server could not be reached. Try again.';
    // Retrying cannot resolve a conflict: the task now belongs to another labeler, or the batch has ended.
    if (lost && problem?.status === 409) dispatch({ type: 'lost', why, at: Date.now() });
    else dispatch({ type: 'failed', why });
  }, []);

  const fetchTasks = useCallback(async (first: boolean, k: number) => {
    if (claiming.current) return;
    claiming.current = true;
    try {
      const claimed = first ? await api.start(batchId) : await api.claim(batchId, k);
      setCriterion(claimed.criterion);
      dispatch({ type: 'claimed', tasks: claimed.tasks, at: Date.now() });
    } catch (error) {
      // A batch that is over has no more work, which is what its labelers want to know.
      if (problemOf(error)?.status === 409) dispatch({ type: 'claimed', tasks: [], at: Date.now() });
      else fail(error, false);
    } finally {
      claiming.current = false;
    }
  }, [api, batchId]);

  useEffect(() => void fetchTasks(true, wanted), [fetchTasks]);
  const few = desk.tasks.length < wanted && criterion !== undefined && !desk.empty;
  useEffect(() => {
    if (few) void fetchTasks(false, wanted - desk.tasks.length);
  }, [few, desk.tasks.length, fetchTasks]);

  const held = desk.tasks.filter((_, i) => !(i === 0 && desk.correcting)).map(({ id }) => id).join();
  useEffect(() => {
    const beat = () => held && held.split(',').forEach((id) => void api.heartbeat(id).catch(() => undefined));
    const timer = setInterval(beat, heartbeatMs);
    return () => clearInterval(timer);
  }, [api, held]);

  /** One request about the task in hand; whatever comes of it, the desk knows. */
  const ask = async (request: () => Promise<unknown>, done: DeskEvent['type'] & ('sent' | 'skipped')): Promise<void> => {
    dispatch({ type: 'asked' });
    try {
      await request();
      dispatch({ type: done, at: Date.now() });
    } catch (error) {
      fail(error, true);
    }
  };

  return {
    desk,
    criterion,
    questions,
    ready,
    dispatch,
    choose(question, option) {
      const { key, options } = questions[question] ?? { key: '', options: [] };
      if (option >= options.length) return;
      const answers = { ...desk.draft.answers, [key]: option };
      dispatch({ type: 'chose', key, option, question: nextOpen(questions, answers, question) });
    },
    async send() {
      if (!ready || !criterion) return;
      const { answers, remarks } = desk.draft;
      const body = submissionOf(task, criterion, answers, { remarks, timeSpentMs: Date.now() - desk.shownAt });
      await ask(() => (desk.correcting ? api.correct(task.id, body) : api.submit(task.id, body)), 'sent');
    },
    async skip(reason) {
      if (task && !desk.busy && !desk.correcting) await ask(() => api.skip(task.id, reason), 'skipped');
    },
    claim: () => {
      dispatch({ type: 'asked' });
      return fetchTasks(false, wanted);
    },
  };
}
