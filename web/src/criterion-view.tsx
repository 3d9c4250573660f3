import type { Criterion } from './task.js';

/** What labelers judge by, in sight all the time; it can be folded away, and stays so. */
export function CriterionView({ criterion }: { criterion: Criterion }) {
  return (
    <details class="card" open>
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
          {criterion.scale.map(({ label, description }) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              <td>{description}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
