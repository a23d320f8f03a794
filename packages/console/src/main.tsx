import './styles/mantine.css';
import './styles/tokens.css';
import './styles/base.css';
import { createRoot } from 'react-dom/client';
import { App, createParts } from './app/App.tsx';
import { startI18n } from './i18n/index.ts';

const root = document.getElementById('root');
if (root === null) throw new Error('the page has no root');
// Everything begins at once, but words come first on the screen: no page is ever shown with keys in place of words.
const words = startI18n();
const parts = createParts();
await words;
createRoot(root).render(<App parts={parts} />);
