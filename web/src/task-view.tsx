import { nameOf } from './names.js';
import { QuestionView } from './question-view.js';
import { RemarkView } from './remark-view.js';
import { remarkPlaces } from './remarks.js';
import type { Work } from './use-desk.js';

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
  const remarked = (completion: number | null) =>
    remarkPlaces(task)
      .filter((place) => place.completion === completion)
      .map((place) => <RemarkView key={`${task.id}/${place.of}`} place={place} remarks={draft.remarks} dispatch={dispatch} />);
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
            {remarked(i)}
          </section>
        ))}
      </div>
      <section class="card" aria-label="Your answer">
        {asked(null)}
        {remarked(null)}
      </section>
    </>
  );
}
