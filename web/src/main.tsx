// The labeler's page: one task after another, rated, ranked or compared. Built by Vite, served by the API at /label/.
import { render } from 'preact';
import { App } from './app.js';

render(<App />, document.getElementById('app')!);
