import type { Question } from './questions.js';

interface Props {
  question: Question;
  chosen: number | undefined;
  current: boolean;
  onChoose: (option: number) => void;
  onFocus: () => void;
}

/** One question as a group of radio buttons, which screen readers and phones know how to deal with. */
export function QuestionView({ question, chosen, current, onChoose, onFocus }: Props) {
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
