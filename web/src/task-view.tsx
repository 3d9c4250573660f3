import type { DeskEvent } from './desk.js';
import { nameOf } from './names.js';
import type { Question } from './questions.js';
import { noRemark, remarkPlaces, type RemarkPlace, type Remarks } from './remarks.js';
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

interface QuestionProps {
  question: Question;
  chosen: number | undefined;
  current: boolean;
  onChoose: (option: number) => void;
  onFocus: () => void;
}

/** One question as a group of radio buttons, which screen readers and phones know how to deal with. */
function QuestionView({ question, chosen, current, onChoose, onFocus }: QuestionProps) {
  return (
    <fieldset class="question" data-current={current} onFocusIn={onFocus}>
      <legend>{question.legend}</legend>
      <div class="options">
        {question.options.map((option, i) => (
          <label class="option" key={option.label} title={option.description}>
            <input type="radio" name={question.key} checked={chosen === i} onChange={() => onChoose(i)} />
            <span>{option.label}</span>
            {current && i < 10 && <kbd aria-hidden="true">{(i + 1) % 10}</kbd>}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

interface RemarkProps {
  place: RemarkPlace;
  remarks: Remarks;
  dispatch: (event: DeskEvent) => void;
}

function RemarkView({ place: { of, flags, why }, remarks, dispatch }: RemarkProps) {
  const { rationale, flags: set } = remarks[of] ?? noRemark;
  return (
    <>
      <fieldset class="options">
        <legend class="visually-hidden">Flags</legend>
        {flags.map(({ flag, label }) => (
          <label class="option" key={flag}>
            <input type="checkbox" checked={set.includes(flag)} onChange={({ currentTarget }) => dispatch({ type: 'flagged', of, flag, on: currentTarget.checked })} />
            <span>{label}</span>
          </label>
        ))}
      </fieldset>
      {why !== null && (
        <label class="field">
          <span>{why}</span>
          <textarea maxLength={5000} value={rationale} onInput={({ currentTarget }) => dispatch({ type: 'wrote', of, rationale: currentTarget.value })} />
        </label>
      )}
    </>
  );
}
