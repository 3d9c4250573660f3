import { nameOf } from './questions.js';
import { QuestionView } from './question-view.js';
import type { Work } from './use-desk.js';

const flags = [
  { flag: 'prompt_unclear', label: 'The prompt is unclear' },
  { flag: 'unsafe', label: 'Something here is unsafe' },
];

/** Prompt, completions and questions of the task in hand. Texts are shown as they are, never as markup. */
export function TaskView({ work: { desk, questions, choose, dispatch } }: { work: Work }) {
  const task = desk.tasks[0];
  const { draft } = desk;
  const asked = (completion: number | null) =>
    questions.map((question, i) =>
      question.completion === completion ? (
        <QuestionView
          key={`${task.id}/${question.key}`}
          question={question}
          chosen={draft.answers[question.key]}
          current={draft.question === i}
          onChoose={(option) => choose(i, option)}
          onFocus={() => draft.question !== i && dispatch({ type: 'moved', question: i })}
        />
      ) : null,
    );
  return (
    <>
      <section class="card" aria-labelledby="prompt">
        <h2 id="prompt">Prompt</h2>
        <p class="text">{task.prompt.text}</p>
      </section>
      <div class="completions">
        {task.completions.map(({ id, text }, i) => (
          <section class="card" key={id} aria-labelledby={`answer-${i}`}>
            <h2 id={`answer-${i}`}>{task.completions.length === 1 ? 'Answer' : `Answer ${nameOf(i)}`}</h2>
            <p class="text">{text}</p>
            {asked(i)}
          </section>
        ))}
      </div>
      <section class="card" aria-label="Your answer">
        {asked(null)}
        <fieldset class="options">
          <legend class="visually-hidden">Flags</legend>
          {flags.map(({ flag, label }) => (
            <label class="option" key={flag}>
              <input type="checkbox" checked={draft.flags.includes(flag)} onChange={({ currentTarget }) => dispatch({ type: 'flagged', flag, on: currentTarget.checked })} />
              <span>{label}</span>
            </label>
          ))}
        </fieldset>
        <label class="field">
          <span>Why? (optional)</span>
          <textarea maxLength={5000} value={draft.rationale} onInput={({ currentTarget }) => dispatch({ type: 'wrote', rationale: currentTarget.value })} />
        </label>
      </section>
    </>
  );
}
