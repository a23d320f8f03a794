import './styles/mantine.css';
import './styles/tokens.css';
import './styles/base.css';
import { createRoot } from 'react-dom/client';
import { App } from './app/App.tsx';
import { startI18n } from './i18n/index.ts';

const root = document.getElementById('root');
if (root === null) throw new Error('the page has no root');
// Words first: no page is ever shown with keys in place of words.
await startI18n();
createRoot(root).render(<App />);
