import type { DeskEvent } from './desk.js';
import { noRemark, type RemarkPlace, type Remarks } from './remarks.js';

interface Props {
  place: RemarkPlace;
  remarks: Remarks;
  dispatch: (event: DeskEvent) => void;
}

export function RemarkView({ place: { of, flags, why }, remarks, dispatch }: Props) {
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
