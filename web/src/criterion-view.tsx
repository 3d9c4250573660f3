import { useState } from 'preact/hooks';
import type { Anchor, Criterion } from './task.js';

/** Where the criterion would fill the screen, it starts folded. */
const roomy = () => matchMedia('(min-width: 40rem)').matches;

/** What labelers judge by; it can be folded away, and stays as it is from task to task. */
export function CriterionView({ criterion }: { criterion: Criterion }) {
  const [open] = useState(roomy);
  return (
    <details class="card" open={open}>
      <summary>
        <h2>Criterion: {criterion.name}</h2>
      </summary>
      <p class="text">{criterion.instructions}</p>
      {criterion.dimensions && (
        <dl>
          {criterion.dimensions.map(({ name, instructions }) => [<dt key={name}>{name}</dt>, <dd key={`${name}-dd`}>{instructions}</dd>])}
        </dl>
      )}
      <table class="levels">
        <caption class="visually-hidden">Levels of the scale</caption>
        <thead>
          <tr>
            <th scope="col">Level</th>
            <th scope="col">When to give it</th>
          </tr>
        </thead>
        <tbody>
          {criterion.scale.map(({ label, description, anchors }) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              <td>
                {description}
                {anchors?.map((anchor) => (
                  <AnchorView key={anchor.completion} anchor={anchor} />
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

/** An example of what belongs at a level, and why. */
function AnchorView({ anchor: { prompt, completion, explanation } }: { anchor: Anchor }) {
  return (
    <figure>
      <blockquote class="text">
        {prompt && <span class="muted">{prompt} </span>}
        {completion}
      </blockquote>
      {explanation && <figcaption class="muted">{explanation}</figcaption>}
    </figure>
  );
}
