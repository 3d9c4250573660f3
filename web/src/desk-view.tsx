import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Batch, LabelingApi } from './api.js';
import { CriterionView } from './criterion-view.js';
import { commandOf } from './keyboard.js';
import { TaskView } from './task-view.js';
import { useDesk } from './use-desk.js';

interface Props {
  api: LabelingApi;
  batch: Batch;
  onRefused: () => void;
  onLeave: () => void;
}

/** How far the labeler and the batch were when the page was opened, and what has been done since. */
function Progress({ batch, done }: { batch: Batch; done: number }) {
  const own = batch.completedByYou + done;
  const left = Math.max(0, batch.available - done);
  return (
    <p class="muted">
      <strong>{own}</strong> done by you, about {left} left{' '}
      <progress max={Math.max(1, own + left)} value={own} aria-label="Your share of what was to do" />
      {batch.dueAt && ` due ${new Date(batch.dueAt).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' })}`}
    </p>
  );
}

/** One batch at work: task after task, with keys, undo and skip. */
export function DeskView({ api, batch, onRefused, onLeave }: Props) {
  const work = useDesk(api, batch.id, onRefused);
  const { desk, criterion, questions, ready } = work;
  const [skipping, setSkipping] = useState(false);
  const heading = useRef<HTMLHeadingElement>(null);
  const task = desk.tasks[0];

  // Who listens instead of looking hears that another task is there.
  useEffect(() => {
    window.scrollTo(0, 0);
    heading.current?.focus({ preventScroll: true });
  }, [task?.id]);

  // Before the next paint: a quick hand presses a digit and Enter within one frame.
  useLayoutEffect(() => {
    const press = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      const inText = target.matches('textarea, input[type=text]') || skipping;
      // Enter on a button or a summary presses that.
      if (event.key === 'Enter' && target.matches('button, summary, a')) return;
      const { key, ctrlKey, metaKey, altKey } = event;
      const command = commandOf({ key, ctrlKey, metaKey, altKey, inText });
      // The last answer can be opened again also when it was the last task.
      if (!command || (!task && command.type !== 'undo')) return;
      event.preventDefault();
      const count = questions.length;
      const step = (by: number) => work.dispatch({ type: 'moved', question: (desk.draft.question + by + count) % count });
      switch (command.type) {
        case 'choose':
          return work.choose(desk.draft.question, command.option);
        case 'next-question':
          return step(1);
        case 'previous-question':
          return step(-1);
        case 'submit':
          return void work.send();
        case 'skip':
          return setSkipping(!desk.correcting);
        case 'undo':
          return work.dispatch({ type: 'undone', at: Date.now() });
      }
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  });

  const leave = async () => {
    await Promise.all(desk.tasks.map(({ id }) => api.release(id).catch(() => undefined)));
    onLeave();
  };

  return (
    <main class="page">
      <header class="top">
        <h1 ref={heading} tabIndex={-1}>
          {batch.name}
        </h1>
        <Progress batch={batch} done={desk.done} />
        <button type="button" onClick={() => void leave()}>
          Stop
        </button>
      </header>
      <p role="status" class={desk.notice?.problem ? 'notice' : 'muted'}>
        {desk.notice?.text}
      </p>
      {criterion && <CriterionView criterion={criterion} />}
      {task && criterion && <TaskView work={work} />}
      {!task && !desk.busy && (
        <section class="card">
          <h2>{desk.empty ? 'Nothing left for you here' : 'No task on the desk'}</h2>
          <p>{desk.empty ? 'All tasks are done or with other labelers. Thank you!' : 'The last request failed.'}</p>
          <p>
            <button type="button" onClick={() => void work.claim()}>
              Look again
            </button>
          </p>
        </section>
      )}
      {skipping && task && (
        <SkipView
          onSkip={(reason) => {
            setSkipping(false);
            void work.skip(reason);
          }}
          onCancel={() => setSkipping(false)}
        />
      )}
      <nav class="bar" aria-label="Task">
        <div>
          <button type="button" class="primary" disabled={!ready} onClick={() => void work.send()}>
            {desk.correcting ? 'Send correction' : 'Send'} <kbd aria-hidden="true">Enter</kbd>
          </button>
          <button type="button" disabled={!task || desk.busy || desk.correcting} onClick={() => setSkipping(true)}>
            Skip <kbd aria-hidden="true">s</kbd>
          </button>
          <button type="button" disabled={!desk.last || desk.busy} onClick={() => work.dispatch({ type: 'undone', at: Date.now() })}>
            Undo <kbd aria-hidden="true">u</kbd>
          </button>
          {questions.length > 1 && (
            <span class="muted keys" aria-hidden="true">
              <kbd>j</kbd> <kbd>k</kbd> next and previous question
            </span>
          )}
        </div>
      </nav>
    </main>
  );
}

const reasons = ['I do not understand the prompt', 'I do not read this language', 'I know who is asking or answering', 'I would rather not read this'];

interface SkipProps {
  onSkip: (reason: string) => void;
  onCancel: () => void;
}

/** Asks why, because whoever made the batch needs to know. A native dialog: it keeps the focus and closes on Escape. */
function SkipView({ onSkip, onCancel }: SkipProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="card" aria-labelledby="skip" onClose={onCancel}>
      <h2 id="skip">Why skip it?</h2>
      {reasons.map((reason) => (
        <button type="button" key={reason} onClick={() => onSkip(reason)}>
          {reason}
        </button>
      ))}
      <button type="button" onClick={onCancel}>
        Do not skip
      </button>
    </dialog>
  );
}
