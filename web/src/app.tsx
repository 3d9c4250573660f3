import { useEffect, useMemo, useState } from 'preact/hooks';
import { LabelingApi, problemOf, type Batch } from './api.js';
import { DeskView } from './desk-view.js';
import { forgetKey, takeKey } from './session.js';

const noLink = 'Open the link that you were given. It works once you have it in full, and until it expires.';
const expired = 'This link is no longer valid. Ask whoever gave it to you for a new one.';

/** From the link to the desk: whose key it is, which batch, and then one task after another. */
export function App() {
  const [key, setKey] = useState(takeKey);
  const [batch, setBatch] = useState<Batch>();
  const [notice, setNotice] = useState(noLink);
  const api = useMemo(() => (key === undefined ? undefined : new LabelingApi(key)), [key]);
  useEffect(() => {
    const opened = () => {
      setBatch(undefined);
      setKey(takeKey());
    };
    addEventListener('hashchange', opened);
    return () => removeEventListener('hashchange', opened);
  }, []);

  const signOut = (why: string) => {
    forgetKey();
    setBatch(undefined);
    setNotice(why);
    setKey(undefined);
  };
  if (!api) return <Message title="Plumbline labeling" text={notice} />;
  if (!batch) return <BatchChoice api={api} onChoose={setBatch} onRefused={() => signOut(expired)} />;
  return <DeskView key={batch.id} api={api} batch={batch} onRefused={() => signOut(expired)} onLeave={() => signOut('Thank you. Your answers are saved; this page can be closed.')} />;
}

function BatchChoice({ api, onChoose, onRefused }: { api: LabelingApi; onChoose: (batch: Batch) => void; onRefused: () => void }) {
  const [batches, setBatches] = useState<Batch[]>();
  const [failed, setFailed] = useState(false);
  const load = async () => {
    setFailed(false);
    try {
      const open = await api.openBatches();
      if (open.length === 1) onChoose(open[0]);
      setBatches(open);
    } catch (error) {
      if (problemOf(error)?.status === 401) onRefused();
      else setFailed(true);
    }
  };
  useEffect(() => void load(), [api]);
  if (failed) return <Message title="Plumbline labeling" text="The server could not be reached." action={{ label: 'Try again', run: () => void load() }} />;
  if (!batches) return <Message title="Plumbline labeling" text="Looking for work ..." />;
  if (batches.length === 0) return <Message title="Nothing to do" text="There is no open batch for you now." action={{ label: 'Look again', run: () => void load() }} />;
  return (
    <main class="page">
      <h1>Choose a batch</h1>
      {batches.map((batch) => (
        <button type="button" key={batch.id} onClick={() => onChoose(batch)}>
          {batch.name}
          {batch.priceNote && ` (${batch.priceNote})`}
        </button>
      ))}
    </main>
  );
}

function Message({ title, text, action }: { title: string; text: string; action?: { label: string; run: () => void } }) {
  return (
    <main class="page">
      <h1>{title}</h1>
      <p role="status">{text}</p>
      {action && (
        <p>
          <button type="button" onClick={action.run}>
            {action.label}
          </button>
        </p>
      )}
    </main>
  );
}
