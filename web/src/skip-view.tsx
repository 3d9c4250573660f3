import { useEffect, useRef } from 'preact/hooks';

const reasons = ['I do not understand the prompt', 'I do not read this language', 'I know who is asking or answering', 'I would rather not read this'];

interface Props {
  onSkip: (reason: string) => void;
  onCancel: () => void;
}

/** Asks why, because whoever made the batch needs to know. A native dialog: it keeps the focus and closes on Escape. */
export function SkipView({ onSkip, onCancel }: Props) {
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
